"""Runs of a model's pipeline: what has been run, on which data; stopping one, and trying one again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from mlp.platform.aws import code_of, message_of
from mlp.platform.errors import Failed, MlpError
from mlp.platform.protocol import Platform
from mlp.runs.training import RUNNING, dataset_of_run

RETRIABLE = ("Failed", "Stopped")
"""Statuses from which SageMaker goes on. Source: API_RetryPipelineExecution."""


@dataclass(frozen=True)
class RunSummary:
    """One execution of a pipeline."""

    run: str
    """Id, the last part of its ARN."""
    arn: str
    status: str
    """Executing, Stopping, Stopped, Failed or Succeeded."""
    started: datetime
    dataset: str
    """Version that it reads, such as `spam@2`, or `unversioned`."""
    reason: str
    """Why it failed; empty unless it did."""


def runs(platform: Platform, model: str, limit: int = 20) -> list[RunSummary]:
    """Return the newest `limit` runs of `model`, the newest first."""
    sagemaker = platform.client("sagemaker")
    return [_summary(sagemaker, entry) for entry in islice(_entries(platform, model), limit)]


def stop(platform: Platform, model: str, run: str | None = None) -> RunSummary:
    """Stop a run (default: the one that runs) and return it; its job gets SIGTERM and two minutes.

    Raises
    ------
    MlpError
        If there is none, several could be meant, or it has ended.
    """
    sagemaker = platform.client("sagemaker")
    entry = _find(platform, model, run) if run else _only_running(platform, model)
    if entry["PipelineExecutionStatus"] not in RUNNING:
        raise MlpError(f"Run {_id(entry)} of {model} has ended already: {entry['PipelineExecutionStatus']}")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=entry["PipelineExecutionArn"], ClientRequestToken=str(uuid.uuid4()))
    return _summary(sagemaker, {**entry, "PipelineExecutionStatus": "Stopping"})


def retry(platform: Platform, model: str, run: str | None = None) -> RunSummary:
    """Go on with a run that failed or was stopped (default: the newest run), from the step that failed, on the same data.

    Raises
    ------
    MlpError
        If it runs or has succeeded.
    Failed
        If AWS refuses.
    """
    sagemaker = platform.client("sagemaker")
    entry = _find(platform, model, run) if run else _newest(platform, model)
    if entry["PipelineExecutionStatus"] not in RETRIABLE:
        raise MlpError(
            f"Run {_id(entry)} of {model} is {entry['PipelineExecutionStatus']}; only a run that failed or was stopped can be "
            f"tried again. Start a new one with: mlp train {model}"
        )
    try:
        sagemaker.retry_pipeline_execution(
            PipelineExecutionArn=entry["PipelineExecutionArn"], ClientRequestToken=str(uuid.uuid4())
        )
    except ClientError as error:
        raise Failed(
            f"Run {_id(entry)} of {model} cannot be tried again: {code_of(error)}: {message_of(error)}. "
            f"Start a new one with: mlp train {model}"
        ) from None
    return _summary(sagemaker, {**entry, "PipelineExecutionStatus": "Executing"})


def _entries(platform: Platform, model: str) -> Iterator[dict[str, Any]]:
    platform.require_model(model)
    pages = (
        platform.client("sagemaker")
        .get_paginator("list_pipeline_executions")
        .paginate(PipelineName=platform.pipeline_name(model), SortBy="CreationTime", SortOrder="Descending")
    )
    for page in pages:
        yield from page["PipelineExecutionSummaries"]


def _find(platform: Platform, model: str, run: str) -> dict[str, Any]:
    """Return the run whose id is, or begins with, the last part of `run`."""
    wanted = run.rpartition("/")[2]
    found = [entry for entry in _entries(platform, model) if _id(entry).startswith(wanted)] if wanted else []
    exact = [entry for entry in found if _id(entry) == wanted]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise MlpError(f"{run!r} begins {len(found)} runs of {model}: {', '.join(map(_id, found[:5]))}; give more of it")
    raise MlpError(f"{model} has no run {run!r}. See its runs with: mlp runs list {model}")


def _newest(platform: Platform, model: str) -> dict[str, Any]:
    newest = next(_entries(platform, model), None)
    if newest is None:
        raise MlpError(f"{model} has never been run. Run it with: mlp train {model}")
    return newest


def _only_running(platform: Platform, model: str) -> dict[str, Any]:
    found = [entry for entry in _entries(platform, model) if entry["PipelineExecutionStatus"] in RUNNING]
    if not found:
        raise MlpError(f"No run of {model} is under way")
    if len(found) > 1:
        raise MlpError(f"{len(found)} runs of {model} are under way: {', '.join(map(_id, found))}; name the one to stop")
    return found[0]


def _id(entry: dict[str, Any]) -> str:
    return str(entry["PipelineExecutionArn"]).rpartition("/")[2]


def _summary(sagemaker: Any, entry: dict[str, Any]) -> RunSummary:
    arn = str(entry["PipelineExecutionArn"])
    reason = entry.get("PipelineExecutionFailureReason", "")
    return RunSummary(
        _id(entry), arn, entry["PipelineExecutionStatus"], entry["StartTime"], dataset_of_run(sagemaker, arn), reason
    )
