"""Events that a pipeline's executions and their steps cause.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from typing import Any

from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.events import tell
from local_aws.sagemaker.pipelines.records import RUNNING
from local_aws.sagemaker.store import Record, now

STAMP = "%Y-%m-%dT%H:%M:%SZ"


def announce_execution(caller: Caller, record: Record, before: str | None) -> None:
    """Tell of an execution's new status; `before` is the status that it had, None where it begins."""
    detail: dict[str, Any] = {
        "pipelineExecutionDisplayName": record["PipelineExecutionDisplayName"],
        "currentPipelineExecutionStatus": record["PipelineExecutionStatus"],
        "executionStartTime": record["CreationTime"].strftime(STAMP),
    }
    if before is not None:
        detail["previousPipelineExecutionStatus"] = before
    if record["PipelineExecutionStatus"] not in RUNNING:
        detail["executionEndTime"] = now().strftime(STAMP)
    if record.get("PipelineExecutionDescription"):
        detail["pipelineExecutionDescription"] = record["PipelineExecutionDescription"]
    _emit(caller, "SageMaker Model Building Pipeline Execution Status Change", detail, record)


def announce_step(caller: Caller, record: Record, entry: Record, before: str | None) -> None:
    """Tell of a step's new status; `before` is the status that it had, None where it begins."""
    detail: dict[str, Any] = {
        "stepName": entry["StepName"],
        "stepType": entry["StepType"],
        "currentStepStatus": entry["StepStatus"],
        "metadata": _lower(entry["Metadata"]),
        "stepStartTime": entry["StartTime"].strftime(STAMP),
    }
    if before is not None:
        detail["previousStepStatus"] = before
    if "EndTime" in entry:
        detail["stepEndTime"] = entry["EndTime"].strftime(STAMP)
    if entry.get("CacheHitResult"):
        detail["cacheHitResult"] = _lower(entry["CacheHitResult"])
    if entry.get("FailureReason"):
        detail["failureReason"] = entry["FailureReason"]
    _emit(caller, "SageMaker Model Building Pipeline Execution Step Status Change", detail, record)


def _lower(value: Any) -> Any:
    """Return a structure with its members' names as these events spell them, with a small first letter."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower(inner) for key, inner in value.items()}
    return value


def _emit(caller: Caller, name: str, detail: dict[str, Any], record: Record) -> None:
    detail |= {"pipelineArn": record["PipelineArn"], "pipelineExecutionArn": record["PipelineExecutionArn"]}
    tell(caller, name, detail, [record["PipelineArn"], record["PipelineExecutionArn"]])
