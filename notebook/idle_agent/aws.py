"""The calls of AWS that the agent makes."""

from __future__ import annotations

import json
import signal
from typing import Any, Callable

from idle_agent.identity import Identity

SERVICES = {
    "sagemaker": ("api.sagemaker", "SageMaker", 1.1),
    "logs": ("logs", "Logs_20140328", 1.1),
    "monitoring": ("monitoring", "GraniteServiceVersion20100801", 1.0),
}
"""Host, target prefix and JSON version by signing name, as in botocore's models."""


class Instance:
    """This notebook instance, and calls in its name."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._identity = Identity(config["metadata"])
        self.name = self._identity.name

    def call(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        """Call one operation of a JSON service; raise OSError with what went wrong."""
        host, prefix, version = SERVICES[service]
        headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": f"{prefix}.{operation}"}
        body = json.dumps(parameters).encode()
        self._identity.send(service, f"{host}.{self._identity.domain}", "/", headers, body)

    def stop(self) -> None:
        """Stop this instance."""
        self.call("sagemaker", "StopNotebookInstance", {"NotebookInstanceName": self.name})


def within(seconds: int, work: Callable[[], Any]) -> Any:
    """Return what `work` returns; raise TimeoutError when it is not done in time."""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        return work()
    finally:
        signal.alarm(0)


def late(*_: Any) -> None:
    """Say that it is late."""
    raise TimeoutError
