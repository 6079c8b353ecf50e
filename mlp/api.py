"""What `import mlp` offers: the commands, as functions, and what belongs to notebooks.

Nothing is imported here that a notebook lacks: `mlp.platform.environment` brings the configuration's libraries and comes last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from mlp import datasets
from mlp.in_notebook.job import Job
from mlp.in_notebook.job_request import Resources
from mlp.in_notebook.platform import here, required
from mlp.in_notebook.train import run_pipeline, run_script
from mlp.platform.errors import MlpError
from mlp.runs import overview, prediction, registry, training
from mlp.runs.training import Run

if TYPE_CHECKING:
    from mlp.in_notebook.channels import Data
    from mlp.in_notebook.job_request import Value
    from mlp.platform.environment import PlatformEnvironment


def _environment(name: str | None, function: str) -> PlatformEnvironment:
    notebook = here()
    if notebook is not None:
        raise MlpError(
            f"mlp.{function} is done outside of notebooks, by the people who run {notebook.prefix}; "
            "here there are mlp.train, mlp.deploy, mlp.endpoints, mlp.data, mlp.download and mlp.upload"
        )
    from mlp.platform.environment import PlatformEnvironment  # noqa: PLC0415 - a notebook has not got what it imports

    return PlatformEnvironment(name or os.environ.get("MLP_ENV", "local"))


@overload
def train(model: str, *, dataset: str | None = None, data: str | Path | None = None, env: str | None = None) -> Run: ...


@overload
def train(
    *,
    script: str | Path,
    data: Data = None,
    instance_type: str = ...,
    instance_count: int = ...,
    hyperparameters: Mapping[str, Value] | None = None,
    framework: str = ...,
    source_dir: str | Path | None = None,
    max_minutes: float = ...,
    volume_gb: int = ...,
    wait: bool = True,
    name: str | None = None,
    internet: bool = False,
) -> Job: ...


def train(
    model: str | None = None,
    *,
    dataset: str | None = None,
    data: Data = None,
    env: str | None = None,
    script: str | Path | None = None,
    instance_type: str = "ml.m5.xlarge",
    instance_count: int = 1,
    hyperparameters: Mapping[str, Value] | None = None,
    framework: str = "sklearn",
    source_dir: str | Path | None = None,
    max_minutes: float = 60,
    volume_gb: int = 30,
    wait: bool = True,
    name: str | None = None,
    internet: bool = False,
) -> Run | Job:
    """Train a model of the platform, or own code on servers of its own that end with it.

    `train("spam")` runs the platform's pipeline and waits for the version that comes of it. `dataset`, such as `spam@2`, says
    what it is trained on (default: the newest version). On a workstation, the file or folder `data` is put as a version first,
    and `env` names the environment (default: MLP_ENV, else `local`).

    `train(script="train.py", data=...)`, in a notebook, runs that script:

    Parameters
    ----------
    script
        Python file in script mode: hyperparameters are its `--name value` arguments (`-n value` for a name of one letter),
        data lies in the folders that SM_CHANNEL_TRAIN and its like name, the model goes into the one of SM_MODEL_DIR.
    data
        S3 URI, or local file or folder (uploaded), for the channel `train`; or a mapping from channel to these.
    instance_type, instance_count, volume_gb
        Servers, and GiB of disk of each.
    hyperparameters
        Texts, numbers, booleans.
    framework
        Which of the platform's images runs the script.
    source_dir
        Folder to send with the script, which lies in it. Default: the script alone. A requirements.txt in it is installed.
    max_minutes
        The job is stopped after so long.
    wait
        Show the job's lines until it has ended. Default: true.
    name
        Part of the job's name. Default: the script's.
    internet
        Let the job use the network. Default: it is isolated.

    Raises
    ------
    MlpError
        If something is not as it must be, before anything is created; Failed, its subclass, if the training failed.
    """
    if (model is None) == (script is None):
        raise MlpError("Give either a model of the platform, mlp.train('spam'), or own code, mlp.train(script='train.py')")
    if script is not None:
        resources = Resources(instance_type, instance_count, volume_gb, max_minutes, framework, internet)
        return run_script(
            required("mlp.train(script=...)"),
            script,
            data,
            source_dir=source_dir,
            given=hyperparameters,
            resources=resources,
            name=name,
            wait=wait,
        )
    assert model is not None
    notebook = here()
    if notebook is not None:
        return run_pipeline(notebook, model, data, dataset)
    return _train_outside(model, data, dataset, env)


def _train_outside(model: str, data: Data, dataset: str | None, env: str | None) -> Run:
    environment = _environment(env, "train")
    if data is not None:
        if dataset is not None:
            raise MlpError("Give only one of data and dataset: each says what to train on")
        if not isinstance(data, str | Path):
            raise MlpError(f"data: got {type(data).__name__}; give the path of a file or folder")
        dataset = datasets.put(environment, environment.dataset_of(model), [data]).version.name
    return training.follow(environment, training.start(environment, model, dataset=dataset))


def approve(model: str, version: int | None = None, *, minutes: float = 60, env: str | None = None) -> int:
    """Approve a version (default: the newest), wait until it serves, and return its number."""
    environment = _environment(env, "approve")
    chosen = registry.pick(environment, model, version)
    registry.release(environment, model, chosen, "approved with mlp", minutes)
    return chosen.number


def reject(model: str, version: int, *, env: str | None = None) -> None:
    """Reject a version; one that serves goes on serving until another is approved."""
    environment = _environment(env, "reject")
    registry.set_approval(environment, registry.pick(environment, model, version), "Rejected", "rejected with mlp")


def predict(model: str, instances: list[dict[str, Any]], *, env: str | None = None) -> dict[str, Any]:
    """Return the model's answer to `instances`."""
    return prediction.predict(_environment(env, "predict"), model, instances)


def status(*, env: str | None = None) -> list[overview.ModelStatus]:
    """Return where every model of the environment stands."""
    return overview.model_statuses(_environment(env, "status"))
