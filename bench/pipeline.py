"""A pipeline's overhead on the embedded AWS: a whole run, less the time of the same scripts run bare in the same minutes."""

import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import free_port
from mlp import datasets
from mlp.deployment import local
from mlp.deployment.deploy import deploy_locally
from mlp.models.check import image_of, model_and_data
from mlp.models.scripts import ModelScripts
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.paths import MODELS
from mlp.runs import training

MODEL = "spam"
ROUNDS = 5


def run() -> dict[str, Any]:
    """Deploy the platform, then train and run the bare scripts in turn; return medians in seconds."""
    with tempfile.TemporaryDirectory(prefix="bench-pipeline-") as state:
        os.environ["MLP_STATE_DIR"] = state
        try:
            environment = deploy_locally("local", free_port(), {}, clock=60, models=[MODEL])
            definition, files = model_and_data(MODEL)
            datasets.put(environment, definition.dataset_name, files)
            rounds = [(_run(environment), _bare()) for _ in range(ROUNDS)]
        finally:
            local.stop()
            del os.environ["MLP_STATE_DIR"]
    whole, bare = (statistics.median(values) for values in zip(*rounds, strict=True))
    return {
        "seconds": {"run": round(whole, 2), "bare scripts": round(bare, 2), "overhead": round(whole - bare, 2)},
        "ratio": round(whole / bare, 2),
        "rounds": ROUNDS,
    }


def _run(environment: PlatformEnvironment) -> float:
    return training.follow(environment, training.start(environment, MODEL)).seconds


def _bare() -> float:
    definition, files = model_and_data(MODEL)
    with tempfile.TemporaryDirectory(prefix="bench-scripts-") as work:
        scripts = ModelScripts(definition, MODELS / MODEL, Path(work), image_of(definition))
        return sum(step.seconds for step in (scripts.prepare(files), scripts.train(), scripts.evaluate()))
