"""Pipelines and their executions."""

import threading
from typing import Any

from local_aws.errors import ServiceError, invalid, not_found
from local_aws.ministack_bridge.identity import Caller, assume, pass_role
from local_aws.sagemaker.definition import parse, require_values
from local_aws.sagemaker.jobs import Jobs
from local_aws.sagemaker.pipeline_run import PipelineRun
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, now, page, random_id
from local_aws.service import JsonService

EXECUTION = "pipeline-execution"


class Pipelines:
    """CreatePipeline, StartPipelineExecution and what belongs to them."""

    def __init__(self, store: Store, service: JsonService, jobs: dict[str, Jobs], endpoint_url: str) -> None:
        self._store, self._service, self._jobs, self._endpoint_url = store, service, jobs, endpoint_url
        self._runs: dict[str, PipelineRun] = {}
        self._starting = threading.Lock()
        self.operations = {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "ListPipelines": self.list_pipelines,
            "DeletePipeline": self.delete,
            "StartPipelineExecution": self.start,
            "StopPipelineExecution": self.stop,
            "DescribePipelineExecution": self.describe_execution,
            "ListPipelineExecutions": self.list_executions,
            "ListPipelineExecutionSteps": self.list_steps,
            "ListPipelineParametersForExecution": self.list_parameters,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreatePipeline."""
        name = parameters["PipelineName"]
        resource = arn(caller, "pipeline", name)
        self._store.authorize_creation(caller, "CreatePipeline", resource, parameters)
        pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        parse(self._text(parameters), self._service.model)
        with self._store.lock:
            if self._store.get("pipeline", caller, name):
                raise invalid(f"Pipeline names must be unique within an AWS account and region: {resource} exists")
            record = {
                "PipelineDisplayName": name,
                **parameters,
                "PipelineDefinition": self._text(parameters),
                "PipelineArn": resource,
                "PipelineStatus": "Active",
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self._store.put("pipeline", caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
        return {"PipelineArn": resource}

    @staticmethod
    def _text(parameters: Record) -> str:
        if "PipelineDefinition" not in parameters:
            raise invalid("PipelineDefinition is required; the embedded AWS does not offer definitions in S3, AWS does")
        return str(parameters["PipelineDefinition"])

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdatePipeline; running executions keep the definition that they began with."""
        name = parameters["PipelineName"]
        self._store.authorize(caller, "UpdatePipeline", arn(caller, "pipeline", name))
        record = self._pipeline(caller, name)
        if "RoleArn" in parameters:
            pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        if "PipelineDefinition" in parameters:
            parse(parameters["PipelineDefinition"], self._service.model)
        changeable = ("PipelineDefinition", "PipelineDisplayName", "PipelineDescription", "RoleArn")
        with self._store.lock:
            record.update({key: parameters[key] for key in changeable if key in parameters})
            record["LastModifiedTime"] = now()
        return {"PipelineArn": record["PipelineArn"]}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribePipeline."""
        name = parameters["PipelineName"].rpartition("/")[2]
        self._store.authorize(caller, "DescribePipeline", arn(caller, "pipeline", name))
        return self._pipeline(caller, name)

    def list_pipelines(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelines."""
        self._store.authorize(caller, "ListPipelines", "*")
        prefix = parameters.get("PipelineNamePrefix", "")
        found = [p for p in self._store.all("pipeline", caller) if p["PipelineName"].startswith(prefix)]
        return page(found, parameters, "PipelineSummaries")

    def delete(self, caller: Caller, parameters: Record) -> Record:
        """DeletePipeline; refused while an execution runs."""
        name = parameters["PipelineName"]
        self._store.authorize(caller, "DeletePipeline", arn(caller, "pipeline", name))
        record = self._pipeline(caller, name)
        if any(e["PipelineExecutionStatus"] in ("Executing", "Stopping") for e in self._executions(caller, record)):
            raise ServiceError("ConflictException", f"Pipeline {name} has an execution that runs; stop it first")
        self._store.remove("pipeline", caller, name)
        return {"PipelineArn": record["PipelineArn"]}

    def start(self, caller: Caller, parameters: Record) -> Record:
        """StartPipelineExecution; the same ClientRequestToken starts nothing twice."""
        name = parameters["PipelineName"].rpartition("/")[2]
        self._store.authorize(caller, "StartPipelineExecution", arn(caller, "pipeline", name))
        pipeline = self._pipeline(caller, name)
        with self._starting:
            token = parameters["ClientRequestToken"]
            for earlier in self._executions(caller, pipeline):
                if earlier["ClientRequestToken"] == token:
                    return {"PipelineExecutionArn": earlier["PipelineExecutionArn"]}
            return {"PipelineExecutionArn": self._begin(caller, pipeline, parameters)}

    def _begin(self, caller: Caller, pipeline: Record, parameters: Record) -> str:
        definition = parse(pipeline["PipelineDefinition"], self._service.model)
        given = {item["Name"]: item["Value"] for item in parameters.get("PipelineParameters", [])}
        values = require_values(definition, given)
        execution_arn = f"{pipeline['PipelineArn']}/execution/{random_id()}"
        identity = execution_arn.rpartition("/")[2]
        credentials = assume(pipeline["RoleArn"], SAGEMAKER, "SageMaker-pipeline", caller.region)
        record: dict[str, Any] = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineName": pipeline["PipelineName"],
            "PipelineExecutionArn": execution_arn,
            "PipelineExecutionDisplayName": parameters.get("PipelineExecutionDisplayName", f"execution-{identity}"),
            "PipelineExecutionStatus": "Executing",
            "ClientRequestToken": parameters["ClientRequestToken"],
            "StartTime": now(),
            "CreationTime": now(),
            "LastModifiedTime": now(),
            "parameters": values,
            "steps": [],
        }
        self._store.put(EXECUTION, caller, execution_arn, record)
        run = PipelineRun(self._service, self._jobs, record, definition, values, credentials, self._endpoint_url)
        self._runs[execution_arn] = run
        run.start()
        return execution_arn

    def stop(self, caller: Caller, parameters: Record) -> Record:
        """StopPipelineExecution."""
        record = self._execution(caller, parameters, "StopPipelineExecution")
        with self._store.lock:
            executing = record["PipelineExecutionStatus"] == "Executing"
            if executing:
                record["PipelineExecutionStatus"] = "Stopping"
        if executing:
            self._runs[record["PipelineExecutionArn"]].stop()
        return {"PipelineExecutionArn": record["PipelineExecutionArn"]}

    def describe_execution(self, caller: Caller, parameters: Record) -> Record:
        """DescribePipelineExecution."""
        return self._execution(caller, parameters, "DescribePipelineExecution")

    def list_executions(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelineExecutions, the newest first."""
        name = parameters["PipelineName"].rpartition("/")[2]
        self._store.authorize(caller, "ListPipelineExecutions", arn(caller, "pipeline", name))
        found = self._executions(caller, self._pipeline(caller, name))
        return page(found, parameters, "PipelineExecutionSummaries")

    def list_steps(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelineExecutionSteps."""
        record = self._execution(caller, parameters, "ListPipelineExecutionSteps")
        steps = list(record["steps"])
        if parameters.get("SortOrder", "Descending") == "Descending":
            steps.reverse()
        return page(steps, parameters, "PipelineExecutionSteps")

    def list_parameters(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelineParametersForExecution."""
        record = self._execution(caller, parameters, "ListPipelineParametersForExecution")
        found = [{"Name": name, "Value": str(value)} for name, value in record["parameters"].items()]
        return page(found, parameters, "PipelineParameters")

    def _executions(self, caller: Caller, pipeline: Record) -> list[Record]:
        return [e for e in self._store.all(EXECUTION, caller) if e["PipelineArn"] == pipeline["PipelineArn"]]

    def _execution(self, caller: Caller, parameters: Record, action: str) -> Record:
        name = parameters["PipelineExecutionArn"]
        self._store.authorize(caller, action, name)
        record = self._store.get(EXECUTION, caller, name)
        if record is None:
            raise not_found(f"Pipeline execution with ARN {name} does not exist.")
        return record

    def _pipeline(self, caller: Caller, name: str) -> Record:
        record = self._store.get("pipeline", caller, name.rpartition("/")[2])
        if record is None:
            raise not_found(f"Pipeline '{arn(caller, 'pipeline', name)}' does not exist.")
        return record
