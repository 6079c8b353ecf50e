"""`make demo` from a fresh clone: cold (nothing installed, no caches) and warm. Aims: 5 minutes and 60 seconds on 2 cores."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import ROOT, free_port, seconds


def run() -> dict[str, Any]:
    """Clone, run the demo cold, stop, run it warm, and once more on the running platform; return seconds."""
    folder = Path(tempfile.mkdtemp(prefix="bench-demo-"))
    clone, home = folder / "clone", folder / "home"
    home.mkdir()
    kept = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH", "MLP_STATE_DIR")}
    env = {**kept, "HOME": str(home), "PIP_NO_CACHE_DIR": "1", "UV_CACHE_DIR": str(home / "uv")}
    port = f"PORT={free_port()}"

    def make(target: str) -> None:
        subprocess.run(["make", target, port], cwd=clone, env=env, check=True, capture_output=True)

    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        cold = seconds(lambda: make("demo"))
        figures = json.loads((clone / ".local/demo.json").read_text())
        make("down")
        warm = seconds(lambda: make("demo"))
        again = seconds(lambda: make("demo"))
    finally:
        make("down")
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "seconds": {"cold": round(cold, 1), "warm": round(warm, 1), "on the running platform": round(again, 1)},
        "steps of the cold run": {**figures["seconds"], **figures["models"]["spam"]["seconds"]},
        "accuracy": figures["models"]["spam"]["value"],
    }
