"""The embedded AWS's pipelines in process: jobs that end when the test says so, functions and S3 that answer from a table."""

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from local_aws.ministack_bridge.identity import Caller, Credentials
from local_aws.s3_transfer import TransferError
from local_aws.sagemaker import events as sagemaker_events
from local_aws.sagemaker import store
from local_aws.sagemaker.pipelines import executions as pipeline_executions
from local_aws.sagemaker.pipelines import service as pipelines
from local_aws.sagemaker.pipelines.lambda_step import Answer
from local_aws.sagemaker.pipelines.service import Pipelines
from local_aws.service import JsonService
from tests.unit.pipelines_steps import ACCOUNT, REGION, ROLE, definition, token

CALLER = Caller("person", ACCOUNT, REGION)
NAME = re.compile(r"pipelines-[a-z0-9]{12}-(?P<step>.+)-[a-z0-9]{10}")
MODEL = JsonService("sagemaker").model
PATIENCE = 20
"""Seconds after which a test gives up waiting; nothing is judged by how long it took."""


def wait_for(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.002)
    raise AssertionError("nothing came of it")


class FakeJobs:
    """Jobs of one kind; those of held steps run until they are released or stopped."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.held: set[str] = set()
        self.fails: dict[str, str] = {}
        self.created: list[tuple[str, dict[str, Any]]] = []
        self.refusal: Exception | None = None
        self.describes: dict[str, Any] = {}
        self.running: set[str] = set()
        self.most_at_once = 0
        self._stopped: set[str] = set()
        self._turn = threading.Condition()
        self.operations = {f"Create{kind}Job": self.create, f"Stop{kind}Job": self.stop}

    def create(self, _caller: Caller, parameters: dict[str, Any]) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        name = parameters[f"{self.kind}JobName"]
        match = NAME.fullmatch(name)
        assert match, name
        with self._turn:
            self.created.append((match["step"], parameters))
            self.running.add(match["step"])
            self.most_at_once = max(self.most_at_once, len(self.running))
        return {f"{self.kind}JobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{self.kind.lower()}-job/{name}"}

    def stop(self, _caller: Caller, parameters: dict[str, Any]) -> None:
        with self._turn:
            self._stopped.add(parameters[f"{self.kind}JobName"])
            self._turn.notify_all()

    def release(self, *steps: str) -> None:
        with self._turn:
            self.held -= set(steps)
            self._turn.notify_all()

    def wait(self, _caller: Caller, name: str) -> dict[str, Any]:
        match = NAME.fullmatch(name)
        assert match
        step = match["step"]
        with self._turn:
            self._turn.wait_for(lambda: step not in self.held or name in self._stopped, PATIENCE)
            self.running.discard(step)
        parameters = next(given for _, given in reversed(self.created) if given[f"{self.kind}JobName"] == name)
        status = "Stopped" if name in self._stopped else "Failed" if step in self.fails else "Completed"
        return {**parameters, **self.describes, f"{self.kind}JobStatus": status, "FailureReason": self.fails.get(step, "")}

    def steps(self) -> list[str]:
        return [step for step, _ in self.created]


class Bench:
    """A store, a service and pipelines on fakes; rights are not asked for."""

    def __init__(self, monkeypatch: Any) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.invoked: list[tuple[str, str, dict[str, Any]]] = []
        self.packages: list[dict[str, Any]] = []
        monkeypatch.setattr(store, "authorize", lambda *_: None)
        monkeypatch.setattr(pipelines, "pass_role", lambda *_: None)
        monkeypatch.setattr(pipeline_executions, "assume", self._assume)
        monkeypatch.setattr(pipeline_executions, "RoleStorage", lambda *_: self)
        monkeypatch.setattr(sagemaker_events, "emit_event", lambda name, detail, _: self.events.append((name, detail)))
        self.store, self.service = store.Store(), JsonService("sagemaker")
        vars(self.service)["model"] = MODEL
        self.processing, self.training = FakeJobs("Processing"), FakeJobs("Training")
        jobs: dict[str, Any] = {"Processing": self.processing, "Training": self.training}
        self.pipelines = Pipelines(self.store, self.service, jobs, "http://nowhere", self._invoker)
        self.service.offer(self.processing.operations | self.training.operations)  # type: ignore[arg-type]
        self.models: list[dict[str, Any]] = []
        self.service.offer({**self.pipelines.operations, "CreateModelPackage": self._register, "CreateModel": self._model})

    @staticmethod
    def _assume(_role: str, _service: str, _session: str, region: str) -> Credentials:
        return Credentials("key-of-the-role", "s", "t", Caller("key-of-the-role", ACCOUNT, region), 0.0)

    def _register(self, _caller: Caller, parameters: dict[str, Any]) -> dict[str, Any]:
        self.packages.append(parameters)
        name = parameters.get("ModelPackageName") or f"spam/{len(self.packages)}"
        return {"ModelPackageArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{name}"}

    def _model(self, _caller: Caller, parameters: dict[str, Any]) -> dict[str, Any]:
        self.models.append(parameters)
        return {"ModelArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/{parameters['ModelName']}"}

    def _invoker(self, credentials: Credentials, _endpoint_url: str) -> Callable[[str, bytes], Answer]:
        def invoke(function_arn: str, payload: bytes) -> Answer:
            event = json.loads(payload)
            self.invoked.append((credentials.access_key, function_arn, event))
            return self.answers[function_arn](event)

        return invoke

    def read(self, uri: str) -> bytes:
        """Return one object, as RoleStorage does."""
        if uri not in self.files:
            raise TransferError(f"ClientError: NoSuchKey: The specified key does not exist. for {uri}")
        return self.files[uri]

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.service.call(operation, CALLER, parameters)

    def create(self, *steps: dict[str, Any], name: str = "spam", parameters: Any = (), **more: Any) -> None:
        text = json.dumps(definition(*steps, parameters=parameters))
        self.call("CreatePipeline", PipelineName=name, RoleArn=ROLE, ClientRequestToken=token(), PipelineDefinition=text, **more)

    def start(self, name: str = "spam", given: dict[str, str] | None = None, **more: Any) -> str:
        values = [{"Name": key, "Value": value} for key, value in (given or {}).items()]
        more = {"ClientRequestToken": token(), **more}
        answer = self.call("StartPipelineExecution", PipelineName=name, PipelineParameters=values, **more)
        return str(answer["PipelineExecutionArn"])

    def described(self, arn: str) -> dict[str, Any]:
        return self.call("DescribePipelineExecution", PipelineExecutionArn=arn)

    def ended(self, arn: str) -> dict[str, Any]:
        wait_for(lambda: self.described(arn)["PipelineExecutionStatus"] not in ("Executing", "Stopping"))
        return self.described(arn)

    def run(self, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Create a pipeline of these steps, start it, and return the execution once it has ended."""
        self.create(*steps, **{key: value for key, value in more.items() if key == "parameters"})
        return self.ended(self.start(given=more.get("given")))

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        listed = self.call("ListPipelineExecutionSteps", PipelineExecutionArn=arn, SortOrder="Ascending")
        return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}

    def status(self, arn: str, step: str) -> str | None:
        return self.steps(arn).get(step, {}).get("StepStatus")

    def stop(self, arn: str) -> None:
        self.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=token())

    def retry(self, arn: str, **more: Any) -> None:
        self.call("RetryPipelineExecution", **{"PipelineExecutionArn": arn, "ClientRequestToken": token(), **more})
