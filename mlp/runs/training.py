"""Runs a training pipeline and follows it."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mlp import datasets
from mlp.platform.errors import Failed, MlpError
from mlp.platform.protocol import Platform
from mlp.platform.waiting import polled
from platform_contract.parameters import DATASET, INPUT_DATA, UNVERSIONED

POLL_SECONDS = 0.5
POLL_SECONDS_AWS = 5
RUNNING = ("Executing", "Stopping")
"""Parameters of every model's pipeline: an s3:// prefix, and the name of the version that lies there."""


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
    dataset: str = UNVERSIONED
    """Version of the dataset that it read, such as `spam@2`."""


def start(platform: Platform, model: str, parameters: dict[str, str] | None = None, *, dataset: str | None = None) -> str:
    """Start the model's pipeline; return the execution's ARN.

    Parameters
    ----------
    parameters
        Of the pipeline. With `InputData`, an s3:// prefix, the run reads that and counts as unversioned.
    dataset
        Version to train on, such as `spam@2`. Default: the newest complete one of the model's dataset.

    Raises
    ------
    MlpError
        If there is no such version, or both are given.
    """
    platform.require_model(model)
    given = dict(parameters or {})
    if INPUT_DATA not in given:
        version = datasets.of_model(platform, model, dataset)
        given |= {INPUT_DATA: datasets.uri(platform, version), DATASET: version.name}
    elif dataset is not None:
        raise MlpError(f"got dataset {dataset!r} and input data {given[INPUT_DATA]!r}; give one of them")
    answer = platform.client("sagemaker").start_pipeline_execution(
        PipelineName=platform.pipeline_name(model),
        PipelineParameters=[{"Name": key, "Value": value} for key, value in given.items()],
        ClientRequestToken=str(uuid.uuid4()),
    )
    arn: str = answer["PipelineExecutionArn"]
    return arn


def dataset_of_run(sagemaker: Any, arn: str) -> str:
    """Return the version that an execution was started on, such as `spam@2`, or `unversioned`."""
    pages = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(PipelineExecutionArn=arn)
    found = {entry["Name"]: entry["Value"] for page in pages for entry in page["PipelineParameters"]}
    return str(found.get(DATASET, UNVERSIONED))


def follow(platform: Platform, arn: str, report: Callable[[Step], None] = lambda _: None) -> Run:
    """Wait for the end of an execution; `report` hears of every step once it begins and once it ends.

    Raises
    ------
    Failed
        If the execution did not succeed, with its reason.
    """
    sagemaker = platform.client("sagemaker")
    pause = POLL_SECONDS if platform.embedded else POLL_SECONDS_AWS
    told: set[tuple[str, str]] = set()
    for described in polled(lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn), every=pause):
        raw = _raw_steps(sagemaker, arn)
        for step in map(_step, raw):
            if (step.name, step.status) not in told:
                told.add((step.name, step.status))
                report(step)
        if described["PipelineExecutionStatus"] not in RUNNING:
            break
    if described["PipelineExecutionStatus"] != "Succeeded":
        raise Failed(f"The run {described['PipelineExecutionStatus'].lower()}: {_reason(described, raw)}")
    seconds = (described["LastModifiedTime"] - described["CreationTime"]).total_seconds()
    return Run(arn, _version(raw), seconds, [_step(step) for step in raw], dataset_of_run(sagemaker, arn))


def _reason(described: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    """Return why a run failed: what its steps say, for the execution itself often says only that one of them failed."""
    failed = [f"{step['StepName']}: {step['FailureReason']}" for step in steps if step.get("FailureReason")]
    if not failed and described["PipelineExecutionStatus"] == "Stopped":
        return "somebody stopped it; mlp runs retry MODEL goes on from there"
    return "; ".join(failed) or str(described.get("FailureReason", "no reason given"))


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
