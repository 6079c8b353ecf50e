"""The images that the platform offers, as they run on this machine."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.containers import environments
from local_aws.containers.container import Container
from local_aws.containers.environments import Environment
from local_aws.containers.process import Outcome
from platform_contract import images


@pytest.fixture(scope="session", params=sorted(images.offered()))
def environment(request: pytest.FixtureRequest) -> Environment:
    """Every image that is offered, one after the other: a version that no test runs is none."""
    return environments.prepare(images.offered()[request.param])


Run = Callable[..., tuple[Outcome, list[str]]]


@pytest.fixture
def run(environment: Environment, tmp_path: Path) -> Run:
    """Return a function that runs a shell script in a container of the image."""

    def run(script: str, *, seconds: float = 60, stop: threading.Event | None = None, **options) -> tuple[Outcome, list[str]]:
        said: list[str] = []
        number = len(list(tmp_path.glob("container*")))
        container = Container(environment, tmp_path / f"container{number or ''}", **options)
        outcome = container.run(["/bin/sh", "-c", script], said.append, seconds=seconds, stop=stop or threading.Event())
        return outcome, said

    return run
