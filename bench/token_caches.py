"""What keeping CDK's answers saves: building and synthesizing config/local.yaml with the caches and without them, in turns."""

import json
from typing import Any

from bench.measure import ROOT, alternating, python

ROUNDS = 7
WITHOUT = """
import weakref
class Forgetful(dict):
    def __contains__(self, key):
        return False
weakref.WeakKeyDictionary = Forgetful
import ml_platform.common.cached_tokens
"""
SYNTHESIZE = """
import json, tempfile, time
from pathlib import Path
from aws_cdk import App
from settings import load_settings
from stacks.platform import build_platform
settings = load_settings(Path("config/local.yaml"))
started = time.perf_counter()
app = App(outdir=tempfile.mkdtemp(), analytics_reporting=False)
build_platform(app, settings)
print(time.perf_counter() - started)
"""


def run() -> dict[str, Any]:
    """Return the medians of the seconds that building the stacks takes, without CloudFormation's output, and their ratio."""

    def building(before: str) -> float:
        return float(python(before + SYNTHESIZE, path=[ROOT, ROOT / "constructs"]))

    medians = alternating({"with": lambda: building(""), "without": lambda: building(WITHOUT)}, ROUNDS)
    return {
        "seconds to build the stacks": {name: round(value, 3) for name, value in medians.items()},
        "ratio": round(medians["with"] / medians["without"], 3),
        "rounds": ROUNDS,
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
