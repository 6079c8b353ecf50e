"""Log lines of a model's jobs, endpoint and functions."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import MlpError
from mlp.platform.waiting import polled
from platform_contract.names import function_logs, predict_function

POLL_SECONDS = 1.0
PART_GROUPS = {
    "prepare": "/aws/sagemaker/ProcessingJobs",
    "train": "/aws/sagemaker/TrainingJobs",
    "evaluate": "/aws/sagemaker/ProcessingJobs",
}
PARTS = (*PART_GROUPS, "endpoint", "predict", "promote")


def lines(environment: PlatformEnvironment, model: str, part: str, *, follow: bool) -> Iterator[str]:
    """Yield the lines of the latest job of a pipeline step, or of an endpoint or function; for ever with `follow`.

    Raises
    ------
    MlpError
        If `part` is unknown or has written nothing.
    """
    environment.require_model(model)
    group, prefix = _place(environment, model, part)
    client, seen = environment.client("logs"), set[tuple[object, ...]]()
    for found in polled(lambda: _events(client, group, prefix), every=POLL_SECONDS):
        if not found and not follow:
            raise MlpError(f"{part} of {model} has written nothing yet (log group {group})")
        for event in found:
            identity = (event.get("eventId"), event["logStreamName"], event["timestamp"], event["message"])
            if identity not in seen:
                seen.add(identity)
                yield event["message"].rstrip()
        if not follow:
            return


def _place(environment: PlatformEnvironment, model: str, part: str) -> tuple[str, str]:
    """Return log group and stream prefix."""
    if part in PART_GROUPS:
        return PART_GROUPS[part], _latest_job(environment, model, part)
    groups = {
        "endpoint": f"/aws/sagemaker/Endpoints/{environment.model_name(model)}",
        "predict": function_logs(predict_function(environment.model_name(model))),
        "promote": function_logs(environment.names.shared("promote")),
    }
    if part not in groups:
        raise MlpError(f"{part!r} is no part of a model; parts: {', '.join(PARTS)}")
    return groups[part], ""


def _latest_job(environment: PlatformEnvironment, model: str, step: str) -> str:
    sagemaker = environment.client("sagemaker")
    name = environment.outputs("Training", model)["PipelineName"]
    runs = sagemaker.list_pipeline_executions(PipelineName=name, MaxResults=1)["PipelineExecutionSummaries"]
    if not runs:
        raise MlpError(f"{model} has never been trained here. Train it with: mlp train {model}")
    arn = runs[0]["PipelineExecutionArn"]
    for entry in sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]:
        if entry["StepName"] == step:
            for job in entry.get("Metadata", {}).values():
                return str(job["Arn"]).rpartition("/")[2]
    raise MlpError(f"The latest run of {model} has no step {step!r} yet")


def _events(client: Any, group: str, prefix: str) -> list[dict[str, Any]]:
    filters = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, **filters)
        return [event for page in pages for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
