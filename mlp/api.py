"""What `import mlp` offers: the commands, as functions."""

import os
from pathlib import Path
from typing import Any

from mlp import overview, prediction, registry, training
from mlp.environment import PlatformEnvironment
from mlp.training import Run


def _environment(name: str | None) -> PlatformEnvironment:
    return PlatformEnvironment(name or os.environ.get("MLP_ENV", "local"))


def train(model: str, *, data: str | Path | None = None, env: str | None = None) -> Run:
    """Train `model`, after uploading the file `data` where one is given, and wait for the version that comes of it.

    `env` is the environment's name; default: MLP_ENV, else `local`.

    Raises
    ------
    MlpError
        If there is no such model or no data; Failed, its subclass, if the run failed or the gate was missed.
    """
    environment = _environment(env)
    if data is not None:
        training.upload(environment, model, Path(data))
    return training.follow(environment, training.start(environment, model))


def approve(model: str, version: int | None = None, *, minutes: float = 60, env: str | None = None) -> int:
    """Approve a version (default: the newest), wait until it serves, and return its number."""
    environment = _environment(env)
    chosen = registry.pick(environment, model, version)
    registry.release(environment, model, chosen, "approved with mlp", minutes)
    return chosen.number


def reject(model: str, version: int, *, env: str | None = None) -> None:
    """Reject a version; one that serves goes on serving until another is approved."""
    environment = _environment(env)
    registry.set_approval(environment, registry.pick(environment, model, version), "Rejected", "rejected with mlp")


def predict(model: str, instances: list[dict[str, Any]], *, env: str | None = None) -> dict[str, Any]:
    """Return the model's answer to `instances`."""
    return prediction.predict(_environment(env), model, instances)


def status(*, env: str | None = None) -> list[overview.ModelStatus]:
    """Return where every model of the environment stands."""
    return overview.model_statuses(_environment(env))
