"""What the watchdog asks of AWS; clients are made once, with explicit timeouts and retries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from platform_contract.metrics import CPU_PERCENT, HEARTBEAT, IDLE_MINUTES, NOTEBOOKS
from shared.clock import ago
from watchdog.models import IN_SERVICE, Instance, Readings

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
DIMENSION = "NotebookInstanceName"
PERIOD_SECONDS = 60
RECENT = timedelta(minutes=5)
"""How far back CPU and idleness are looked at."""
SERVICE_LOGS = "/aws/sagemaker/NotebookInstances"
GONE = ("RecordNotFound", "Could not find", "does not exist")


class Aws:
    """The calls that the watchdog makes."""

    def __init__(self, topic_arn: str) -> None:
        self._topic_arn = topic_arn
        self._sagemaker: Any = boto3.client("sagemaker", config=CONFIG)
        self._cloudwatch: Any = boto3.client("cloudwatch", config=CONFIG)
        self._logs: Any = boto3.client("logs", config=CONFIG)
        self._sns: Any = boto3.client("sns", config=CONFIG)

    def instance_names(self, beginning: str) -> list[str]:
        """Return the names of all notebook instances that begin with `beginning`."""
        pages = self._sagemaker.get_paginator("list_notebook_instances").paginate(NameContains=beginning)
        names = [entry["NotebookInstanceName"] for page in pages for entry in page["NotebookInstances"]]
        return [name for name in names if name.startswith(beginning)]

    def instance(self, name: str) -> Instance | None:
        """Return a notebook instance with its tags; None if there is none of this name."""
        try:
            found = self._sagemaker.describe_notebook_instance(NotebookInstanceName=name)
            tags = tags_of(self._sagemaker, found["NotebookInstanceArn"])
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return Instance(
            name=name,
            status=found["NotebookInstanceStatus"],
            instance_type=found["InstanceType"],
            since=found["LastModifiedTime"],
            tags=tags,
        )

    def readings(self, name: str, heartbeat_minutes: int, now: datetime) -> Readings:
        """Return what CloudWatch knows of an instance."""
        beats = self._values({HEARTBEAT: "SampleCount"}, name, timedelta(minutes=heartbeat_minutes), now)
        recent = self._values({IDLE_MINUTES: "Minimum", CPU_PERCENT: "Average"}, name, RECENT, now)
        idle, cpu = recent[IDLE_MINUTES], recent[CPU_PERCENT]
        return Readings(
            heartbeat=bool(beats[HEARTBEAT]),
            idle_minutes=min(idle) if idle else None,
            cpu_percent=sum(cpu) / len(cpu) if cpu else None,
        )

    def _values(self, statistics: Mapping[str, str], name: str, window: timedelta, now: datetime) -> dict[str, list[float]]:
        dimensions = [{"Name": DIMENSION, "Value": name}]
        queries = [
            {
                "Id": metric[0].lower() + metric[1:],
                "MetricStat": {
                    "Metric": {"Namespace": NOTEBOOKS, "MetricName": metric, "Dimensions": dimensions},
                    "Period": PERIOD_SECONDS,
                    "Stat": statistic,
                },
            }
            for metric, statistic in statistics.items()
        ]
        answer = self._cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=ago(window, now), EndTime=now)
        found = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
        return {metric: found.get(metric[0].lower() + metric[1:], []) for metric in statistics}

    def stop(self, name: str) -> bool:
        """Stop an instance; False if it is no longer running, because somebody else was faster."""
        try:
            self._sagemaker.stop_notebook_instance(NotebookInstanceName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            described = self.instance(name)
            if described is not None and described.status == IN_SERVICE:
                raise
            return False
        return True

    def publish(self, name: str, values: Mapping[str, float]) -> None:
        """Publish metrics of an instance."""
        dimensions = [{"Name": DIMENSION, "Value": name}]
        data = [{"MetricName": metric, "Dimensions": dimensions, "Value": value} for metric, value in values.items()]
        self._cloudwatch.put_metric_data(Namespace=NOTEBOOKS, MetricData=data)

    def notify(self, subject: str, message: str) -> None:
        """Publish to the alerts topic."""
        self._sns.publish(TopicArn=self._topic_arn, Subject=subject, Message=message)

    def keep_service_logs_for(self, days: int) -> None:
        """Give the group that SageMaker itself creates a retention, once it is there and has none."""
        groups = self._logs.describe_log_groups(logGroupNamePrefix=SERVICE_LOGS)["logGroups"]
        if any(group["logGroupName"] == SERVICE_LOGS and "retentionInDays" not in group for group in groups):
            self._logs.put_retention_policy(logGroupName=SERVICE_LOGS, retentionInDays=days)


def tags_of(sagemaker: Any, arn: str) -> dict[str, str]:
    """Return the tags of a SageMaker resource."""
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def is_gone(error: ClientError) -> bool:
    """Return whether a call failed because there is no such thing any more."""
    return any(word in error.response["Error"]["Message"] for word in GONE)
