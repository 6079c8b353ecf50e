"""How a notebook does: what its idle agent last said, what it has saved, which lifecycle script it runs."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from mlp.notebooks.instances import Notebook, describe
from mlp.platform.aws import code_of
from mlp.platform.environment import PlatformEnvironment
from platform_contract.metrics import NOTEBOOKS
from platform_contract.tags import KEEP_ALIVE_TAG

DIMENSION = "NotebookInstanceName"
DAY_SECONDS = 86400


@dataclass(frozen=True)
class Check:
    """One line of the idle agent."""

    at: datetime
    verdict: str
    """busy, idle, warned, stopping, kept or unknown."""
    reason: str
    idle_minutes: float
    stops_in_minutes: float | None
    lifecycle: str
    """Hash of the lifecycle script that the instance has started with."""

    @property
    def age(self) -> timedelta:
        """How long ago it was."""
        return datetime.now(UTC) - self.at


@dataclass(frozen=True)
class NotebookState:
    """A notebook as AWS and its idle agent describe it."""

    notebook: Notebook
    status: str
    instance_type: str
    since: datetime
    """When the instance last changed its state."""
    failure: str
    keep_alive: str
    check: Check | None
    """Last line of the agent since that change; None where it has said nothing."""

    @property
    def outdated(self) -> bool:
        """Whether a newer lifecycle script is deployed than the one that the instance has started with."""
        return bool(
            self.status == "InService"
            and self.check
            and self.notebook.lifecycle
            and self.check.lifecycle != self.notebook.lifecycle
        )


def state(environment: PlatformEnvironment, notebook: Notebook) -> NotebookState:
    """Return how a notebook does."""
    found = describe(environment, notebook)
    tags = environment.client("sagemaker").list_tags(ResourceArn=found["NotebookInstanceArn"])["Tags"]
    keep = {tag["Key"]: tag["Value"] for tag in tags}.get(KEEP_ALIVE_TAG, "")
    return NotebookState(
        notebook,
        found["NotebookInstanceStatus"],
        found["InstanceType"],
        found["LastModifiedTime"],
        found.get("FailureReason", ""),
        keep,
        last_check(environment, notebook),
    )


def last_check(environment: PlatformEnvironment, notebook: Notebook) -> Check | None:
    """Return what the notebook's idle agent said last; None if it never said anything that can be read."""
    try:
        events = environment.client("logs").get_log_events(
            logGroupName=f"/{environment.settings.prefix}/notebooks",
            logStreamName=notebook.instance,
            limit=5,
            startFromHead=False,
        )["events"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    checks = (_parsed(event["message"]) for event in reversed(events))
    return next((check for check in checks if check is not None), None)


def _parsed(line: str) -> Check | None:
    try:
        said: dict[str, Any] = json.loads(line)
        at = datetime.fromisoformat(said["time"])
        return Check(
            at if at.tzinfo else at.replace(tzinfo=UTC),
            str(said["verdict"]),
            str(said.get("reason", "")),
            float(said.get("idle_minutes") or 0),
            None if said.get("stops_in_minutes") is None else float(said["stops_in_minutes"]),
            str(said.get("lifecycle", "")),
        )
    except (ValueError, KeyError, TypeError):
        return None


def this_month(environment: PlatformEnvironment, notebook: Notebook, metric: str) -> float | None:
    """Return the sum of a metric of the watchdog since the first of this month (UTC); None where it has none."""
    now = datetime.now(UTC)
    points = environment.client("cloudwatch").get_metric_statistics(
        Namespace=NOTEBOOKS,
        MetricName=metric,
        Dimensions=[{"Name": DIMENSION, "Value": notebook.instance}],
        StartTime=now.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        EndTime=now + timedelta(minutes=1),
        Period=DAY_SECONDS,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points) if points else None
