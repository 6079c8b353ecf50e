"""The model server of an image in a container: started, asked, stopped."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import urllib3

from local_aws.containers import process
from local_aws.containers.container import Container
from local_aws.containers.process import LineSink
from local_aws.containers.unix_http import UnixConnections

MODEL = "/opt/ml/model"
PING_SECONDS = 2
MODEL_SECONDS = 60
"""Longest answer that InvokeEndpoint waits for."""
MOST_REQUESTS = 16


class NotHealthy(Exception):
    """The container did not pass its health check."""


CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
"""Header that SageMaker passes on both ways."""


class Answer(NamedTuple):
    """What a model server has answered."""

    status: int
    content_type: str
    body: bytes
    custom_attributes: str | None = None


class ModelServer:
    """A container that runs the image's `serve` on the artifact in `model_dir`."""

    def __init__(self, container: Container, model_dir: Path, sink: LineSink) -> None:
        self._container = container
        container.show([(model_dir, MODEL)])
        self._process: Popen[str] = container.start(container.environment.image.serve, sink)
        self._pool = UnixConnections(container.socket, MOST_REQUESTS)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def wait_healthy(self, seconds: float, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Wait for /ping to answer; raise NotHealthy when the process ends or `seconds` pass."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.alive and not cancelled():
            if self._container.socket.exists() and self._ping():
                return
            time.sleep(0.05)
        raise NotHealthy

    def _ping(self) -> bool:
        try:
            return self._pool.request("GET", "/ping", timeout=PING_SECONDS, retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the model's answer."""
        answer = self._pool.request(
            "POST", "/invocations", body=body, headers=dict(headers), timeout=MODEL_SECONDS, retries=False
        )
        return Answer(
            answer.status,
            answer.headers.get("Content-Type", "application/octet-stream"),
            answer.data,
            answer.headers.get(CUSTOM_ATTRIBUTES),
        )

    def stop(self) -> None:
        """End the container; connections that are kept open would make the server wait for their end."""
        self._pool.close()
        process.end(self._process)


@contextmanager
def started(container: Container, model_dir: Path, sink: LineSink, seconds: float) -> Iterator[ModelServer]:
    """Start a model server and wait until it is healthy; it is stopped in the end. Raise NotHealthy if it does not come up."""
    server = ModelServer(container, model_dir, sink)
    try:
        server.wait_healthy(seconds)
        yield server
    finally:
        server.stop()
