"""What the steps of an execution do, each under the rights of the pipeline's role."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.jobs.jobs import Jobs
from local_aws.sagemaker.pipelines import conditions as pipeline_conditions
from local_aws.sagemaker.pipelines import lambda_step, step_cache
from local_aws.sagemaker.pipelines.expressions import Resolver
from local_aws.sagemaker.store import Record, random_id

log = logging.getLogger(__name__)
Step = dict[str, Any]


class StepFailed(Exception):
    """A step failed; the text becomes its reason."""


class StepStopped(Exception):
    """A step ended because its execution was stopped."""


@dataclass
class StepWorker:
    """Does one execution's steps; each call of `work` may run in a thread of its own."""

    call: Callable[[str, Caller, dict[str, Any]], dict[str, Any]]
    """Calls an operation of SageMaker."""
    jobs: Mapping[str, Jobs]
    """Jobs by kind."""
    caller: Caller
    """The pipeline's role."""
    invoke: lambda_step.Invoke
    resolver: Resolver
    executions: Callable[[], list[Record]]
    """The pipeline's executions, whose results a cached step may take."""
    execution_arn: str
    stopped: threading.Event = field(default_factory=threading.Event)
    _running: dict[str, tuple[str, str]] = field(default_factory=dict)

    def work(self, step: Step, entry: Record) -> None:
        """Do `step` to its end; metadata and properties go into `entry`, its record in the execution.

        Raises
        ------
        StepStopped
            If the execution was stopped meanwhile, and the step with it.
        StepFailed, ServiceError, TransferError, Unresolvable, FunctionFailed, Incomparable
            If it failed; the text says why.
        """
        _WORK[step["Type"]](self, step, entry)

    def keep(self, step: Step, entry: Record, properties: Mapping[str, Any]) -> None:
        """Make a step's properties known to the others, and to a later retry."""
        entry["properties"] = properties
        self.resolver.add_step(step, properties)

    def stop(self) -> None:
        """Stop all jobs that run; functions cannot be stopped and go on to their end."""
        self.stopped.set()
        for kind, name in list(self._running.values()):
            self._stop_job(kind, name)

    def _stop_job(self, kind: str, name: str) -> None:
        try:
            self.call(f"Stop{kind}Job", self.caller, {f"{kind}JobName": name})
        except ServiceError as error:
            log.info("%s could not be stopped: %s", name, error)

    def _condition(self, step: Step, entry: Record) -> None:
        conditions = step["Arguments"]["Conditions"]
        holds = all(pipeline_conditions.holds(condition, self.resolver.resolve) for condition in conditions)
        outcome = "True" if holds else "False"
        entry["Metadata"] = {"Condition": {"Outcome": outcome}}
        self.keep(step, entry, {"Outcome": outcome})

    def _fail(self, step: Step, entry: Record) -> None:
        message = str(self.resolver.resolve(step["Arguments"]["ErrorMessage"]))
        entry["Metadata"] = {"Fail": {"ErrorMessage": message}}
        raise StepFailed(message)

    def _lambda(self, step: Step, entry: Record) -> None:
        entry["Metadata"] = lambda_step.metadata(step, {})
        function, region = step["FunctionArn"], self.caller.region
        if function.split(":")[3] != region:
            raise StepFailed(f"ClientError: {function} is in another region; the function of a Lambda step must be in {region}")
        outputs = lambda_step.run(step, self.resolver.resolve(step.get("Arguments", {})), self.invoke)
        entry["Metadata"] = lambda_step.metadata(step, outputs)
        self.keep(step, entry, {"OutputParameters": outputs})

    def _model(self, step: Step, entry: Record) -> None:
        name = self._name(step)
        arguments = {**self.resolver.resolve(step.get("Arguments", {})), "ModelName": name}
        arguments["Tags"] = [*arguments.get("Tags", []), self._origin]
        model = self.call("CreateModel", self.caller, arguments)["ModelArn"]
        entry["Metadata"] = {"Model": {"Arn": model}}
        self.keep(step, entry, {**arguments, "ModelArn": model})

    def _name(self, step: Step) -> str:
        """Return a name for what a step creates."""
        return f"pipelines-{self.execution_arn.rpartition('/')[2]}-{step['Name'][:20].replace('_', '-')}-{random_id(10)}"

    @property
    def _origin(self) -> dict[str, str]:
        """The tag of what steps create."""
        return {"Key": "sagemaker:pipeline-execution-arn", "Value": self.execution_arn}

    def _register(self, step: Step, entry: Record) -> None:
        arguments = self.resolver.resolve(step.get("Arguments", {}))
        package = self.call("CreateModelPackage", self.caller, arguments)["ModelPackageArn"]
        entry["Metadata"] = {"RegisterModel": {"Arn": package}}
        described = {**arguments, "ModelPackageArn": package}
        if "ModelPackageGroupName" in arguments:
            described = {"ModelApprovalStatus": "PendingManualApproval", **described}
            described["ModelPackageVersion"] = int(package.rpartition("/")[2])
        self.keep(step, entry, described)

    def _job(self, step: Step, entry: Record) -> None:
        kind = step["Type"]
        name = self._name(step)
        arguments = self.resolver.naming(f"{kind}JobName", name).resolve(step.get("Arguments", {}))
        entry["cache_key"] = step_cache.key_of(kind, arguments)
        hit = step_cache.find(self.executions(), step, entry["cache_key"])
        if hit is not None:
            source, earlier = hit
            entry["CacheHitResult"] = {"SourcePipelineExecutionArn": source}
            entry["Metadata"] = earlier["Metadata"]
            self.keep(step, entry, earlier["properties"])
            return
        self.keep(step, entry, self._run_job(step, name, arguments, entry))

    def _run_job(self, step: Step, name: str, arguments: dict[str, Any], entry: Record) -> Record:
        kind = step["Type"]
        arguments = {**arguments, f"{kind}JobName": name, "Tags": [*arguments.get("Tags", []), self._origin]}
        job_arn = self.call(f"Create{kind}Job", self.caller, arguments)[f"{kind}JobArn"]
        entry["Metadata"] = {f"{kind}Job": {"Arn": job_arn}}
        self._running[step["Name"]] = (kind, name)
        try:
            if self.stopped.is_set():
                self._stop_job(kind, name)
            described = dict(self.jobs[kind].wait(self.caller, name))
        finally:
            del self._running[step["Name"]]
        status = described[f"{kind}JobStatus"]
        if status == "Stopped" and self.stopped.is_set():
            raise StepStopped
        if status == "Stopped":
            raise StepFailed(f"ClientError: {name} was stopped ({described.get('SecondaryStatus', 'Stopped')})")
        if status == "Failed":
            raise StepFailed(described["FailureReason"])
        return described


_WORK: dict[str, Callable[[StepWorker, Step, Record], None]] = {
    "Condition": StepWorker._condition,
    "Fail": StepWorker._fail,
    "Lambda": StepWorker._lambda,
    "Model": StepWorker._model,
    "Processing": StepWorker._job,
    "RegisterModel": StepWorker._register,
    "Training": StepWorker._job,
}
