"""Runs a training pipeline and follows it."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp.errors import Failed, MlpError
from mlp.platform_protocol import Platform

POLL_SECONDS = 0.5
POLL_SECONDS_AWS = 5
RUNNING = ("Executing", "Stopping")


@dataclass(frozen=True)
class Step:
    """One step of a run."""

    name: str
    status: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Run:
    """A pipeline execution that has ended well."""

    arn: str
    version: int
    seconds: float
    steps: list[Step]


def upload(platform: Platform, model: str, file: Path) -> str:
    """Copy `file` to where the model's raw data lies, unless the very same content lies there; return its URI."""
    platform.require_model(model)
    if not file.is_file():
        raise MlpError(f"There is no file {file}")
    bucket = platform.data_bucket
    key = f"{model}/raw/{file.name}"
    s3, content = platform.client("s3"), file.read_bytes()
    if _existing(s3, bucket, key) != content:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def _existing(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    return content


def start(platform: Platform, model: str, parameters: dict[str, str] | None = None) -> str:
    """Start the model's pipeline; return the execution's ARN.

    Raises
    ------
    MlpError
        If there is no data to train on.
    """
    platform.require_model(model)
    name = platform.pipeline_name(model)
    if not parameters:
        _require_data(platform, model)
    answer = platform.client("sagemaker").start_pipeline_execution(
        PipelineName=name,
        PipelineParameters=[{"Name": key, "Value": value} for key, value in (parameters or {}).items()],
        ClientRequestToken=str(uuid.uuid4()),
    )
    arn: str = answer["PipelineExecutionArn"]
    return arn


def _require_data(platform: Platform, model: str) -> None:
    bucket = platform.data_bucket
    found = platform.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{model}/raw/", MaxKeys=1)
    if not found.get("KeyCount"):
        raise MlpError(f"There is no data under s3://{bucket}/{model}/raw/. {platform.how_to_add_data(model)}")


def follow(platform: Platform, arn: str, tell: Callable[[Step], None] = lambda _: None) -> Run:
    """Wait for the end of an execution; `tell` hears of every step once it begins and once it ends.

    Raises
    ------
    Failed
        If the execution did not succeed, with its reason.
    """
    sagemaker = platform.client("sagemaker")
    pause = POLL_SECONDS if platform.embedded else POLL_SECONDS_AWS
    told: set[tuple[str, str]] = set()
    while True:
        described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        raw = _raw_steps(sagemaker, arn)
        for step in map(_step, raw):
            if (step.name, step.status) not in told:
                told.add((step.name, step.status))
                tell(step)
        if described["PipelineExecutionStatus"] not in RUNNING:
            break
        time.sleep(pause)
    if described["PipelineExecutionStatus"] != "Succeeded":
        reason = described.get("FailureReason", "no reason given")
        raise Failed(f"The run {described['PipelineExecutionStatus'].lower()}: {reason}")
    seconds = (described["LastModifiedTime"] - described["CreationTime"]).total_seconds()
    return Run(arn, _version(raw), seconds, [_step(step) for step in raw])


def _raw_steps(sagemaker: Any, arn: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn, SortOrder="Ascending")
    return [step for page in pages for step in page["PipelineExecutionSteps"]]


def _step(raw: dict[str, Any]) -> Step:
    end = raw.get("EndTime")
    seconds = (end - raw["StartTime"]).total_seconds() if end else 0.0
    return Step(raw["StepName"], raw["StepStatus"], seconds, raw.get("FailureReason", ""))


def _version(steps: list[dict[str, Any]]) -> int:
    for arn in _registered(steps):
        return int(arn.rpartition("/")[2])
    raise Failed("The run succeeded, but registered no version; its pipeline has no register step")


def _registered(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        package = step.get("Metadata", {}).get("RegisterModel")
        if package:
            yield package["Arn"]
