"""Events that a pipeline's executions and their steps cause.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

import logging
from typing import Any

from local_aws.ministack_bridge.identity import Caller, in_scope
from local_aws.ministack_bridge.observability import emit_event
from local_aws.sagemaker.store import Record, now

log = logging.getLogger(__name__)
STAMP = "%Y-%m-%dT%H:%M:%SZ"


def announce_execution(caller: Caller, record: Record, before: str) -> None:
    """Tell that an execution has ended; `before` is the status that it had."""
    detail = {
        "pipelineExecutionDisplayName": record["PipelineExecutionDisplayName"],
        "currentPipelineExecutionStatus": record["PipelineExecutionStatus"],
        "previousPipelineExecutionStatus": before,
        "executionStartTime": record["CreationTime"].strftime(STAMP),
        "executionEndTime": now().strftime(STAMP),
    }
    _emit(caller, "SageMaker Model Building Pipeline Execution Status Change", detail, record)


def announce_step(caller: Caller, record: Record, entry: Record) -> None:
    """Tell that a step has ended."""
    detail = {
        "stepName": entry["StepName"],
        "stepType": entry["StepType"],
        "currentStepStatus": entry["StepStatus"],
        "previousStepStatus": "Executing",
        "metadata": {},
        "stepStartTime": entry["StartTime"].strftime(STAMP),
        "stepEndTime": entry["EndTime"].strftime(STAMP),
    }
    _emit(caller, "SageMaker Model Building Pipeline Execution Step Status Change", detail, record)


def _emit(caller: Caller, name: str, detail: dict[str, Any], record: Record) -> None:
    detail |= {"pipelineArn": record["PipelineArn"], "pipelineExecutionArn": record["PipelineExecutionArn"]}
    resources = [record["PipelineArn"], record["PipelineExecutionArn"]]
    try:
        in_scope(caller, lambda: emit_event(name, detail, resources))
    except Exception:
        # An execution goes on, and ends, whether or not its events can be delivered.
        log.exception("%s of %s was not delivered", name, record["PipelineExecutionArn"])
