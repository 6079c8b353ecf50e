"""Synth of the local and the comprehensive configuration, against an empty app of one stack. Aim: under 1.6 times.

Without CDK's built-in template check, which an empty app does not run either; the last row has it, and the compliance pack.
"""

import os
import tempfile
from typing import Any

from bench.measure import ROOT, alternating, python, seconds
from mlp.cdk import node

ROUNDS = 5
EMPTY = "from aws_cdk import App, Stack; app = App(); Stack(app, 'Empty'); app.synth()"
PLATFORM = """
from pathlib import Path
from aws_cdk import App
from stacks.platform import build_platform
from stacks.settings import load_settings
app = App()
build_platform(app, load_settings(Path({config!r})))
app.synth()
"""
CHECKED = "import runpy, sys; sys.argv = ['app.py']; runpy.run_path('app.py', run_name='__main__')"


def run() -> dict[str, Any]:
    """Return medians in seconds and ratios to the empty app."""
    environment = {**os.environ, "JSII_NODE": node()}

    def timed(code: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            env = {**environment, "CDK_OUTDIR": folder, "CDK_VALIDATION": "true" if code == CHECKED else "false"}
            return seconds(lambda: python(code, path=[str(ROOT), str(ROOT / "constructs")], env=env))

    works = {
        "empty app": EMPTY,
        "local.yaml": PLATFORM.format(config=str(ROOT / "config/local.yaml")),
        "comprehensive.yaml": PLATFORM.format(config=str(ROOT / "config/samples/comprehensive.yaml")),
        "app.py (local.yaml, with all checks)": CHECKED,
    }
    medians = alternating({name: (lambda code=code: timed(code)) for name, code in works.items()}, ROUNDS)  # type: ignore[misc]
    return {
        "seconds": {name: round(value, 2) for name, value in medians.items()},
        "ratio": {name: round(value / medians["empty app"], 2) for name, value in medians.items() if name != "empty app"},
        "rounds": ROUNDS,
    }
