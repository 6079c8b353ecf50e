"""CloudWatch metrics of endpoints.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from local_aws.ministack_bridge.identity import Caller, in_scope
from local_aws.ministack_bridge.observability import put_metrics

NAMESPACE = "AWS/SageMaker"
FLUSH_SECONDS = 0.5


@dataclass(frozen=True)
class Invocation:
    """One request to a variant, as its metrics see it."""

    caller: Caller
    endpoint: str
    variant: str
    status: int
    model_microseconds: float
    overhead_microseconds: float
    instances: int


class EndpointMetrics:
    """Collects invocations and publishes them twice a second."""

    def __init__(self) -> None:
        self._waiting: list[Invocation] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        threading.Thread(target=self._publish_regularly, daemon=True).start()

    def record(self, invocation: Invocation) -> None:
        """Add one invocation."""
        with self._lock:
            self._waiting.append(invocation)

    def stop(self) -> None:
        """Publish no more."""
        self._stopped.set()

    def _publish_regularly(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            with self._lock:
                invocations, self._waiting = self._waiting, []
            by_place: dict[tuple[str, str], list[Invocation]] = defaultdict(list)
            for invocation in invocations:
                by_place[invocation.caller.account, invocation.caller.region].append(invocation)
            for group in by_place.values():
                data = [datum for invocation in group for datum in _data(invocation)]
                in_scope(group[0].caller, lambda data=data: put_metrics(NAMESPACE, data))  # type: ignore[misc]


def _data(invocation: Invocation) -> list[dict[str, Any]]:
    dimensions = [
        {"Name": "EndpointName", "Value": invocation.endpoint},
        {"Name": "VariantName", "Value": invocation.variant},
    ]
    values = {
        "Invocations": (1.0, "None"),
        "InvocationsPerInstance": (1.0 / invocation.instances, "None"),
        "ModelLatency": (invocation.model_microseconds, "Microseconds"),
        "OverheadLatency": (invocation.overhead_microseconds, "Microseconds"),
        "Invocation4XXErrors": (float(400 <= invocation.status < 500), "None"),
        "Invocation5XXErrors": (float(invocation.status >= 500), "None"),
        "InvocationModelErrors": (float(not 200 <= invocation.status < 300), "None"),
    }
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit} for name, (value, unit) in values.items()
    ]
