"""Synth of the local and the comprehensive configuration, against an empty app of one stack. Aim: under 1.6 times.

Each is measured with CDK's built-in template check, which costs the empty app as much as the platform, and without it.
"""

import os
import tempfile
from typing import Any

from bench.measure import ROOT, alternating, python, seconds
from mlp.deployment.cdk import node

ROUNDS = 5
EMPTY = "from aws_cdk import App, Stack; app = App(); Stack(app, 'Empty'); app.synth()"
PLATFORM = """
from pathlib import Path
from aws_cdk import App
from stacks.platform import build_platform
from settings import load_settings
app = App()
build_platform(app, load_settings(Path({config!r})))
app.synth()
"""
APP = "import runpy, sys; sys.argv = ['app.py']; runpy.run_path('app.py', run_name='__main__')"


def run() -> dict[str, Any]:
    """Return medians in seconds and ratios to the empty app."""
    with_check, without = _compare("true"), _compare("false")
    return {"with CDK's template check": with_check, "without it": without, "rounds": ROUNDS}


def _compare(check: str) -> dict[str, Any]:
    environment = {**os.environ, "JSII_NODE": node(), "CDK_VALIDATION": check}

    def timed(code: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            env = {**environment, "CDK_OUTDIR": folder}
            return seconds(lambda: python(code, path=[str(ROOT), str(ROOT / "constructs")], env=env))

    codes = {
        "empty app": EMPTY,
        "local.yaml": PLATFORM.format(config=str(ROOT / "config/local.yaml")),
        "comprehensive.yaml": PLATFORM.format(config=str(ROOT / "config/samples/comprehensive.yaml")),
        "app.py (local.yaml and the compliance pack)": APP,
    }
    medians = alternating({name: (lambda code=code: timed(code)) for name, code in codes.items()}, ROUNDS)  # type: ignore[misc]
    return {
        "seconds": {name: round(value, 2) for name, value in medians.items()},
        "ratio": {name: round(value / medians["empty app"], 2) for name, value in medians.items() if name != "empty app"},
    }
