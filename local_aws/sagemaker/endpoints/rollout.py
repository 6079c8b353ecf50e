"""How traffic moves from one generation of an endpoint to the next, and back when an alarm fires.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from local_aws import clock
from local_aws.errors import invalid
from local_aws.ministack_bridge.observability import alarm_state
from local_aws.sagemaker.endpoints.replica import DRAIN_SECONDS, Fleet
from local_aws.sagemaker.offer import refuse

NOT_OFFERED = ("DeploymentConfig.RollingUpdatePolicy",)
ALARM_POLL_SECONDS = 0.2


class RolledBack(Exception):
    """An alarm stopped the deployment; the text becomes the FailureReason."""


@dataclass(frozen=True)
class Generation:
    """All fleets of one endpoint configuration."""

    config: dict[str, Any]
    fleets: dict[str, Fleet]
    weights: dict[str, float]

    def choose(self) -> str:
        """Return a variant, by weight."""
        names = list(self.fleets)
        return random.choices(names, [self.weights[name] for name in names])[0]  # noqa: S311

    def stop(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """End all fleets after the requests under way."""
        for fleet in self.fleets.values():
            fleet.stop(drain_seconds)


class Traffic:
    """Which generation answers: all by one, or a share by the next."""

    def __init__(self) -> None:
        self._current: Generation | None = None
        self._next: tuple[Generation, float] | None = None

    @property
    def current(self) -> Generation | None:
        """The generation that answers, but for the share of a running deployment."""
        return self._current

    def pick(self) -> Generation | None:
        """Return the generation for one request."""
        following = self._next
        if following is not None and random.random() < following[1]:  # noqa: S311
            return following[0]
        return self._current

    def shift(self, generation: Generation, share: float) -> None:
        """Send `share` (0 to 1) of the requests to `generation`."""
        self._next = (generation, share)

    def settle(self, generation: Generation) -> None:
        """Send all requests to `generation`."""
        self._current, self._next = generation, None

    def revert(self) -> None:
        """Send all requests to the current generation again."""
        self._next = None


def shares(policy: dict[str, Any], instances: int) -> Iterator[float]:
    """Yield the share of traffic after each step."""
    routing = policy.get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE"})
    if routing["Type"] == "CANARY":
        yield _fraction(routing["CanarySize"], instances)
    elif routing["Type"] == "LINEAR":
        step = _fraction(routing["LinearStepSize"], instances)
        yield from (number * step for number in range(1, ceil(1 / step)))
    yield 1.0


def check_guardrails(deployment: dict[str, Any], instances: int) -> None:
    """Raise where SageMaker refuses the configuration for a fleet of this size."""
    refuse({"DeploymentConfig": deployment}, NOT_OFFERED)
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration")
    if routing is None or routing["Type"] == "ALL_AT_ONCE":
        return
    field = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}[routing["Type"]]
    if field not in routing:
        raise invalid(f"{field} is required for traffic routing of type {routing['Type']}")
    if instances < 2 or _fraction(routing[field], instances) > 0.5:
        raise invalid(f"{field} must be at most 50% of the variant's instance count, which is {instances}")


def move(
    traffic: Traffic,
    new: Generation,
    deployment: dict[str, Any],
    instances: int,
    in_scope: Callable[[Callable[[], Any]], Any],
    stage: Callable[[str, str], None],
) -> None:
    """Shift traffic to `new` step by step, and watch the alarms after each step: after the last until the old fleet may go.

    `stage` is told each stage and what AWS says of it.

    Raises
    ------
    RolledBack
        When an alarm fired; the old generation has all traffic again.
    """
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    between = policy.get("TrafficRoutingConfiguration", {}).get("WaitIntervalInSeconds", 0)
    alarms = [alarm["AlarmName"] for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])]
    for share in shares(policy, instances):
        last = share >= 1.0
        capacity = f"{'full' if last else 'canary'} capacity of {ceil(share * instances)} instance(s)."
        waits = ("TerminationWaitInSeconds", policy.get("TerminationWaitInSeconds", 0))
        name, seconds = waits if last else ("WaitIntervalInSeconds", between)
        stage("ActivatingTraffic", f"Activating traffic on {capacity}")
        traffic.shift(new, share)
        stage("Baking", f"Baking for {seconds} seconds ({name}) with traffic enabled on {capacity}")
        fired = _bake(seconds, alarms, in_scope)
        if fired:
            traffic.revert()
            raise RolledBack(f"One or more configured alarms entered ALARM state: {', '.join(fired)}. Rolled back.")
    traffic.settle(new)


def _bake(seconds: float, alarms: list[str], in_scope: Callable[[Callable[[], Any]], Any]) -> list[str]:
    """Watch `alarms` for the baking time; return those that fired."""
    deadline = time.monotonic() + clock.to_real(seconds)
    while True:
        fired = in_scope(lambda: [name for name in alarms if alarm_state(name) == "ALARM"])
        if fired or time.monotonic() >= deadline:
            return list(fired)
        time.sleep(min(ALARM_POLL_SECONDS, max(0.0, deadline - time.monotonic())))


def _fraction(size: dict[str, Any], instances: int) -> float:
    if size["Type"] == "CAPACITY_PERCENT":
        return float(size["Value"]) / 100
    return float(size["Value"]) / max(1, instances)
