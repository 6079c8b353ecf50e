"""The notebooks of the deployed platform, and what tests do with them."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from botocore.exceptions import ClientError

from local_aws.sagemaker.notebooks import processes
from mlp.platform.paths import state_dir
from tests.local.conftest import Platform, wait_for
from tests.local.person import Person


@dataclass
class Notebooks:
    """Notebook instances by their name in the configuration."""

    platform: Platform

    def instance(self, name: str) -> str:
        """Name of the notebook's instance on AWS."""
        outputs = self.platform.environment.outputs("Notebooks")
        return outputs[f"{name.capitalize()}InstanceName"]

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.platform.client("sagemaker").describe_notebook_instance(
            NotebookInstanceName=self.instance(name)
        )
        return found

    def status(self, name: str) -> str:
        return str(self.describe(name)["NotebookInstanceStatus"])

    def start(self, name: str) -> None:
        """Start it afresh, and wait until it can be opened."""
        self.stop(name)
        self.platform.client("sagemaker").start_notebook_instance(NotebookInstanceName=self.instance(name))
        found = wait_for(lambda: (d := self.describe(name))["NotebookInstanceStatus"] != "Pending" and d, 120, every=0.2)
        assert found["NotebookInstanceStatus"] == "InService", found

    def stop(self, name: str) -> None:
        """Stop it, if it does not stop itself just now."""
        wait_for(lambda: self.status(name) in ("Stopped", "InService"), seconds=120)
        try:
            self.platform.client("sagemaker").stop_notebook_instance(NotebookInstanceName=self.instance(name))
        except ClientError as error:
            assert "ValidationException" in str(error), error
        wait_for(lambda: self.status(name) == "Stopped", seconds=60)

    def url(self, name: str) -> str:
        answer = self.platform.client("sagemaker").create_presigned_notebook_instance_url(
            NotebookInstanceName=self.instance(name)
        )
        return str(answer["AuthorizedUrl"])

    def person(self, name: str) -> Person:
        return Person(self.url(name))

    def home(self, name: str) -> Path:
        """Where the home of the notebook's user lies on this machine."""
        return state_dir() / "notebooks" / self.instance(name) / "home/ec2-user"

    def folder(self, name: str) -> Path:
        """Where the notebook's SageMaker folder lies on this machine."""
        return self.home(name) / "SageMaker"

    def role(self, name: str, kind: str) -> str:
        """ARN of the notebook's own role (`NotebookRole`) or of its jobs' (`JobRole`)."""
        return self.platform.role_arn("Notebooks", None, f"{name.capitalize()}Notebook{kind}")

    def verdicts(self, name: str) -> list[dict[str, Any]]:
        """What the agent has written, check by check."""
        return [
            json.loads(line) for line in self._log(f"/{self.platform.environment.settings.prefix}/notebooks", self.instance(name))
        ]

    def watchdog_reports(self) -> list[dict[str, Any]]:
        """What the watchdog has written, run by run."""
        lines = self._log(f"/aws/lambda/{self.platform.environment.settings.prefix}-watchdog", "")
        return [entry for line in lines if (entry := _parsed(line))]

    def _log(self, group: str, prefix: str) -> list[str]:
        filters = {"logStreamNamePrefix": prefix} if prefix else {}
        pages = self.platform.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, **filters)
        return [event["message"] for page in pages for event in page["events"]]

    def alarm(self, name: str) -> str:
        """State of the alarm that tells of a silent agent."""
        instance = self.instance(name)
        for alarm in self.platform.client("cloudwatch").describe_alarms()["MetricAlarms"]:
            dimensions = {entry["Value"] for entry in alarm.get("Dimensions", [])}
            if alarm["MetricName"] == "HeartbeatMissing" and instance in dimensions:
                return str(alarm["StateValue"])
        raise AssertionError(f"{name} has no alarm on HeartbeatMissing")

    def processes(self, name: str, words: str = "") -> list[psutil.Process]:
        """Living processes of the notebook's instance whose command has `words`."""
        found = []
        for process in processes.of(state_dir() / "notebooks" / self.instance(name)):
            with suppress(psutil.Error, OSError):
                if words in " ".join(process.cmdline()):
                    found.append(process)
        return found


def _parsed(line: str) -> dict[str, Any]:
    start = line.find("{")
    try:
        found = json.loads(line[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    inner = found.get("message", found)
    return inner if isinstance(inner, dict) else {}
