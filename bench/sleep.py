"""From the end of the last cell to Stopped, against the configured idle minutes, on real Jupyter.

The clock runs 12 times as fast: a timer period of a minute takes 5 s, in which what really computes hardly counts.
"""

import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from bench.measure import ROOT, free_port
from mlp import datasets
from mlp.demo.notebook import DemoNotebook
from mlp.deployment import local
from mlp.deployment.deploy import deploy_locally

CLOCK, IDLE_MINUTES, ROUNDS = 12.0, 5, 5
PERIOD_MINUTES = 1


def run() -> dict[str, Any]:
    """Return minutes of platform time until the notebook was Stopped, and by how much that is over the configured ones."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        config = yaml.safe_load((ROOT / "config/local.yaml").read_text())
        config["notebooks"]["demo"] |= {"idle_minutes": IDLE_MINUTES, "warn_minutes": 1}
        config["models"]["spam"].pop("serving")
        (folder / "local.yaml").write_text(yaml.safe_dump(config))
        os.environ |= {"MLP_CONFIG_DIR": str(folder), "MLP_STATE_DIR": str(folder / "state")}
        stack.callback(local.stop)
        environment = deploy_locally("local", free_port(), {}, clock=CLOCK, models=["spam"])
        datasets.put(environment, "spam", [ROOT / "models/spam/data/spam7.csv"])
        minutes = [_once(DemoNotebook(environment, "demo")) for _ in range(ROUNDS)]
    for name in ("MLP_CONFIG_DIR", "MLP_STATE_DIR"):
        del os.environ[name]
    median = statistics.median(minutes)
    return {
        "idle minutes": IDLE_MINUTES,
        "minutes to Stopped": {"median": round(median, 2), "all": [round(value, 2) for value in minutes]},
        "over, in timer periods": round((median - IDLE_MINUTES) / PERIOD_MINUTES, 2),
        "clock": CLOCK,
        "rounds": ROUNDS,
    }


def _once(notebook: DemoNotebook) -> float:
    notebook.work(lambda _: None)
    return notebook.sleep(IDLE_MINUTES * 60 / CLOCK + 60, lambda _: None) * CLOCK / 60
