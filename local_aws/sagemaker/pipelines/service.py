"""Pipelines."""

from collections.abc import Callable
from typing import Any

from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller, Credentials, pass_role
from local_aws.sagemaker.jobs.jobs import Jobs
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.pipelines.definition import parse
from local_aws.sagemaker.pipelines.executions import Executions
from local_aws.sagemaker.pipelines.lambda_step import Invoke
from local_aws.sagemaker.pipelines.records import MADE_BY, RUNNING
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, now
from local_aws.service import JsonService

CHANGEABLE = ("PipelineDefinition", "PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


class Pipelines:
    """CreatePipeline and what belongs to it, executions included.

    `invoker` makes what invokes Lambda functions under a role's credentials; by default it goes through the Lambda API at
    `endpoint_url`.
    """

    def __init__(
        self,
        store: Store,
        service: JsonService,
        jobs: dict[str, Jobs],
        endpoint_url: str,
        invoker: Callable[[Credentials, str], Invoke] | None = None,
    ) -> None:
        self._store, self._service = store, service
        self._executions = Executions(store, service, jobs, endpoint_url, self.find, invoker)
        self.operations: dict[str, Any] = {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "ListPipelines": self.list_pipelines,
            "DeletePipeline": self.delete,
            **self._executions.operations,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreatePipeline; the same ClientRequestToken creates nothing twice."""
        name = parameters["PipelineName"]
        resource = arn(caller, "pipeline", name)
        self._store.authorize_creation(caller, "CreatePipeline", resource, parameters)
        pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        parse(_text(parameters), self._service.model)
        with self._store.lock:
            existing = self._store.get("pipeline", caller, name)
            if existing and existing["ClientRequestToken"] == parameters["ClientRequestToken"]:
                return {"PipelineArn": resource}
            if existing:
                raise invalid(f"Pipeline names must be unique within an AWS account and region: {resource} exists")
            record = {
                "PipelineDisplayName": name,
                **parameters,
                "PipelineArn": resource,
                "PipelineStatus": "Active",
                "CreationTime": now(),
                "LastModifiedTime": now(),
                **MADE_BY,
            }
            self._store.put("pipeline", caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
        return {"PipelineArn": resource}

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdatePipeline; running executions keep the definition that they began with."""
        name = parameters["PipelineName"]
        self._store.authorize(caller, "UpdatePipeline", arn(caller, "pipeline", name))
        record = self.find(caller, name)
        if "RoleArn" in parameters:
            pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        if "PipelineDefinition" in parameters or "PipelineDefinitionS3Location" in parameters:
            parse(_text(parameters), self._service.model)
        with self._store.lock:
            record.update({key: parameters[key] for key in CHANGEABLE if key in parameters})
            record["LastModifiedTime"] = now()
        return {"PipelineArn": record["PipelineArn"]}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribePipeline."""
        name = parameters["PipelineName"].rpartition("/")[2]
        self._store.authorize(caller, "DescribePipeline", arn(caller, "pipeline", name))
        return self.find(caller, name)

    def list_pipelines(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelines, the newest first."""
        self._store.authorize(caller, "ListPipelines", "*")
        found = [{**p, "LastExecutionTime": p.get("LastRunTime")} for p in self._store.all("pipeline", caller)]
        return LISTINGS["ListPipelines"].page(found, parameters)

    def delete(self, caller: Caller, parameters: Record) -> Record:
        """DeletePipeline, with its executions; refused while one of them runs."""
        name = parameters["PipelineName"]
        self._store.authorize(caller, "DeletePipeline", arn(caller, "pipeline", name))
        with self._store.lock:
            record = self.find(caller, name)
            executions = self._executions.records.of(caller, record)
            if any(execution["PipelineExecutionStatus"] in RUNNING for execution in executions):
                raise ServiceError("ConflictException", f"Pipeline {name} has an execution that runs; stop it first")
            self._store.remove("pipeline", caller, name)
            self._executions.forget(caller, executions)
        return {"PipelineArn": record["PipelineArn"]}

    def find(self, caller: Caller, name: str) -> Record:
        """Return a pipeline's record, by name or ARN; ResourceNotFound where there is none."""
        return self._store.find("pipeline", caller, name.rpartition("/")[2])


def _text(parameters: Record) -> str:
    if "PipelineDefinition" not in parameters:
        raise invalid("PipelineDefinition is required; the embedded AWS does not offer definitions in S3, AWS does")
    return str(parameters["PipelineDefinition"])
