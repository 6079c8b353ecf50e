"""One execution of a pipeline: its steps, under the rights of the pipeline's role."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Credentials, in_scope
from local_aws.ministack_bridge.observability import emit_event
from local_aws.s3_transfer import RoleStorage, TransferError
from local_aws.sagemaker.definition import Definition
from local_aws.sagemaker.expressions import Resolver, Unresolvable
from local_aws.sagemaker.jobs import Jobs
from local_aws.sagemaker.store import Record, now, random_id
from local_aws.service import JsonService

log = logging.getLogger(__name__)

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: bool(left == right),
    "GreaterThan": lambda left, right: bool(left > right),
    "GreaterThanOrEqualTo": lambda left, right: bool(left >= right),
    "LessThan": lambda left, right: bool(left < right),
    "LessThanOrEqualTo": lambda left, right: bool(left <= right),
}


class StepFailed(Exception):
    """A step failed, and with it the execution; the text becomes the reason."""


class Stopped(Exception):
    """The execution was stopped."""


class PipelineRun:
    """Runs the steps one after the other and keeps the execution's record up to date."""

    def __init__(
        self,
        service: JsonService,
        jobs: dict[str, Jobs],
        record: Record,
        definition: Definition,
        parameters: dict[str, Any],
        credentials: Credentials,
        endpoint_url: str,
    ) -> None:
        self._service, self._jobs, self._record, self._definition = service, jobs, record, definition
        self._caller = credentials.caller
        execution = {
            "PipelineExecutionId": record["PipelineExecutionArn"].rpartition("/")[2],
            "PipelineExecutionArn": record["PipelineExecutionArn"],
            "PipelineName": record["PipelineName"],
            "PipelineArn": record["PipelineArn"],
            "StartDateTime": record["CreationTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._id = execution["PipelineExecutionId"]
        self._resolver = Resolver(parameters, execution, RoleStorage(credentials, endpoint_url).read)
        self._stop = threading.Event()
        self._current: tuple[str, str] | None = None

    def start(self) -> None:
        """Run in the background."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Stop the running job, and start no other."""
        self._stop.set()
        current = self._current
        if current is not None:
            kind, name = current
            try:
                self._service.call(f"Stop{kind}Job", self._caller, {f"{kind}JobName": name})
            except ServiceError as error:
                log.info("%s had ended before it could be stopped: %s", name, error)

    def _run(self) -> None:
        status, reason = "Succeeded", None
        try:
            self._run_steps(self._definition.steps)
        except Stopped:
            status = "Stopped"
        except StepFailed as failure:
            status, reason = "Failed", str(failure)
        except Exception:
            log.exception("%s failed", self._record["PipelineExecutionArn"])
            status, reason = "Failed", "InternalServerError: We encountered an internal error. Please try again."
        if reason:
            self._record["FailureReason"] = reason[:1300]
        self._record["LastModifiedTime"] = now()
        self._set_status(status)

    def _run_steps(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            if self._stop.is_set():
                raise Stopped
            self._run_step(step)

    def _run_step(self, step: dict[str, Any]) -> None:
        entry: Record = {
            "StepName": step["Name"],
            "StepType": step["Type"],
            "StartTime": now(),
            "StepStatus": "Executing",
            "AttemptCount": 1,
            "Metadata": {},
        }
        self._record["steps"].append(entry)
        try:
            self._dispatch(step, entry)
            entry["StepStatus"] = "Succeeded"
        except Stopped:
            entry["StepStatus"] = "Stopped"
            raise
        except (ServiceError, TransferError, Unresolvable, StepFailed) as failure:
            entry["StepStatus"], entry["FailureReason"] = "Failed", str(failure)[:1300]
            raise StepFailed(_reason(step, failure)) from None
        finally:
            entry["EndTime"] = now()
            self._announce_step(entry)
        if step["Type"] == "Condition":
            outcome = entry["Metadata"]["Condition"]["Outcome"]
            self._run_steps(step["Arguments"].get("IfSteps" if outcome == "True" else "ElseSteps", []))

    def _dispatch(self, step: dict[str, Any], entry: Record) -> None:
        kind = step["Type"]
        if kind == "Condition":
            holds = all(self._holds(condition) for condition in step["Arguments"]["Conditions"])
            entry["Metadata"] = {"Condition": {"Outcome": "True" if holds else "False"}}
            return
        arguments = self._resolver.resolve(step.get("Arguments", {}))
        if kind == "Fail":
            entry["Metadata"] = {"Fail": {"ErrorMessage": arguments["ErrorMessage"]}}
            raise StepFailed(arguments["ErrorMessage"])
        if kind == "RegisterModel":
            package = self._service.call("CreateModelPackage", self._caller, arguments)["ModelPackageArn"]
            entry["Metadata"] = {"RegisterModel": {"Arn": package}}
            self._resolver.add_step(step, {"ModelPackageArn": package, **arguments})
            return
        self._run_job(kind, step, arguments, entry)

    def _run_job(self, kind: str, step: dict[str, Any], arguments: dict[str, Any], entry: Record) -> None:
        name = f"pipelines-{self._id}-{step['Name'][:20]}-{random_id(10)}"
        tags = [{"Key": "sagemaker:pipeline-execution-arn", "Value": self._record["PipelineExecutionArn"]}]
        arguments = {**arguments, f"{kind}JobName": name, "Tags": [*arguments.get("Tags", []), *tags]}
        job_arn = self._service.call(f"Create{kind}Job", self._caller, arguments)[f"{kind}JobArn"]
        entry["Metadata"] = {f"{kind}Job": {"Arn": job_arn}}
        self._current = (kind, name)
        if self._stop.is_set():
            self.stop()
        described = self._jobs[kind].wait(self._caller, name)
        self._current = None
        status = described[f"{kind}JobStatus"]
        if status == "Stopped":
            if not self._stop.is_set():
                raise StepFailed(f"ClientError: {name} was stopped ({described.get('SecondaryStatus', 'Stopped')})")
            raise Stopped
        if status == "Failed":
            raise StepFailed(described["FailureReason"])
        self._resolver.add_step(step, described)

    def _holds(self, condition: dict[str, Any]) -> bool:
        kind = condition["Type"]
        if kind == "Not":
            return not self._holds(condition["Expression"])
        if kind == "Or":
            return any(self._holds(inner) for inner in condition["Conditions"])
        if kind == "In":
            return self._resolver.resolve(condition["QueryValue"]) in self._resolver.resolve(condition["Values"])
        left, right = (self._resolver.resolve(condition[side]) for side in ("LeftValue", "RightValue"))
        try:
            return COMPARE[kind](left, right)
        except TypeError:
            raise StepFailed(f"ClientError: {left!r} and {right!r} cannot be compared with {kind}") from None

    def _set_status(self, status: str) -> None:
        record = self._record
        before, record["PipelineExecutionStatus"] = record["PipelineExecutionStatus"], status
        detail = {
            "pipelineExecutionDisplayName": record["PipelineExecutionDisplayName"],
            "currentPipelineExecutionStatus": status,
            "previousPipelineExecutionStatus": before,
            "executionStartTime": record["CreationTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "executionEndTime": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pipelineArn": record["PipelineArn"],
            "pipelineExecutionArn": record["PipelineExecutionArn"],
        }
        resources = [record["PipelineArn"], record["PipelineExecutionArn"]]
        name = "SageMaker Model Building Pipeline Execution Status Change"
        in_scope(self._caller, lambda: emit_event(name, detail, resources))

    def _announce_step(self, entry: Record) -> None:
        detail = {
            "stepName": entry["StepName"],
            "stepType": entry["StepType"],
            "currentStepStatus": entry["StepStatus"],
            "previousStepStatus": "Executing",
            "metadata": {},
            "stepStartTime": entry["StartTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "stepEndTime": entry["EndTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pipelineArn": self._record["PipelineArn"],
            "pipelineExecutionArn": self._record["PipelineExecutionArn"],
        }
        resources = [self._record["PipelineArn"], self._record["PipelineExecutionArn"]]
        name = "SageMaker Model Building Pipeline Execution Step Status Change"
        in_scope(self._caller, lambda: emit_event(name, detail, resources))


def _reason(step: dict[str, Any], failure: Exception) -> str:
    if step["Type"] == "Fail":
        return str(failure)
    return f"Step failure: One or multiple steps failed. {step['Name']}: {failure}"
