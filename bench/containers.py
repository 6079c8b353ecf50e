"""What AWS's image costs here: a container, a training job's script, a model server, with namespaces and without.

Reference: the same environment's Python run bare. Also which versions differ from AWS's lock: none where Python 3.12 is there.
"""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import alternating, seconds
from local_aws.containers import environments, model_server, namespaces, process, training_contract
from local_aws.containers.container import Container
from local_aws.containers.environments import Environment
from mlp.models.check import image_of, model_and_data
from mlp.models.scripts import ModelScripts
from mlp.platform.paths import MODELS
from platform_contract.archives import unpack
from platform_contract.serving import ENVIRONMENT as SERVING_ENVIRONMENT

ROUNDS = 7
SCRIPT = "print('begun', flush=True)"


def run() -> dict[str, Any]:
    """Start each in turn; return medians in seconds."""
    definition, files = model_and_data("spam")
    environment = image_of(definition)
    environments.prepare(environment.image)
    with tempfile.TemporaryDirectory(prefix="bench-containers-") as folder:
        place = Path(folder)
        scripts = ModelScripts(definition, MODELS / "spam", _new(place), environment)
        scripts.prepare(files)
        scripts.train()
        [artifact] = place.rglob("artifact/model.tar.gz")
        found = alternating(
            {
                "bare Python": lambda: _bare(environment, _new(place)),
                "container": lambda: _command(environment, _new(place)),
                "container without namespaces": _switched_off(lambda: _command(environment, _new(place))),
                "training script begins": lambda: _training(environment, _new(place)),
                "without namespaces, training script begins": _switched_off(lambda: _training(environment, _new(place))),
                "model server is healthy": lambda: _server(environment, artifact, _new(place)),
                "without namespaces, model server is healthy": _switched_off(lambda: _server(environment, artifact, _new(place))),
            },
            ROUNDS,
        )
    return {
        "seconds": {name: round(value, 3) for name, value in found.items()},
        "namespaces, per container": round(found["container"] - found["container without namespaces"], 3),
        "versions that differ": list(environment.differences),
        "rounds": ROUNDS,
    }


def _new(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder))


def _switched_off(work: Callable[[], float]) -> Callable[[], float]:
    def without() -> float:
        os.environ[namespaces.SWITCH] = "off"
        namespaces.missing.cache_clear()
        try:
            return work()
        finally:
            del os.environ[namespaces.SWITCH]
            namespaces.missing.cache_clear()

    return without


def _bare(environment: Environment, folder: Path) -> float:
    python = str(environment.folder / "bin/python")
    stop = threading.Event()
    return seconds(lambda: process.run([python, "-c", SCRIPT], {}, folder, lambda _: None, seconds=60, stop=stop))


def _command(environment: Environment, folder: Path) -> float:
    namespaces.missing()
    container = Container(environment, folder)
    return seconds(lambda: container.run(["python3", "-c", SCRIPT], lambda _: None, seconds=60, stop=threading.Event()))


def _training(environment: Environment, folder: Path) -> float:
    namespaces.missing()
    container = Container(environment, folder, variables={"TRAINING_JOB_NAME": "bench"}, isolated=True)
    training_contract.make_folders(container.ml)
    given = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "/opt/ml/code"}
    training_contract.write(
        container.ml,
        hyperparameters={key: container.told(json.dumps(value)) for key, value in given.items()},
        channels={},
        host="algo-1",
        hosts=["algo-1"],
        instance_type="ml.m5.large",
    )
    (container.ml / "code").mkdir(exist_ok=True)
    (container.ml / "code/train.py").write_text(SCRIPT)
    begun = threading.Event()
    started = time.perf_counter()
    running = container.start(environment.image.train, lambda line: begun.set() if line == "begun" else None)
    if not begun.wait(60):
        raise RuntimeError("the script did not begin")
    took = time.perf_counter() - started
    running.wait()
    return took


def _server(environment: Environment, artifact: Path, folder: Path) -> float:
    namespaces.missing()
    model = folder / "model"
    model.mkdir()
    unpack(artifact, model)
    variables = {**SERVING_ENVIRONMENT, **environment.image.serving_environment}
    container = Container(environment, folder / "container", variables=variables, isolated=True)
    started = time.perf_counter()
    with model_server.started(container, model, lambda _: None, 60):
        return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
