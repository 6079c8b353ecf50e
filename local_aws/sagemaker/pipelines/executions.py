"""Executions of pipelines: start, stop, retry."""

import threading
from collections.abc import Callable
from typing import Any

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller, Credentials, assume
from local_aws.s3_transfer import RoleStorage
from local_aws.sagemaker.jobs.jobs import Jobs
from local_aws.sagemaker.offer import refuse
from local_aws.sagemaker.pipelines import lambda_step
from local_aws.sagemaker.pipelines import parameters as pipeline_parameters
from local_aws.sagemaker.pipelines.definition import parse
from local_aws.sagemaker.pipelines.events import announce_execution
from local_aws.sagemaker.pipelines.expressions import Resolver
from local_aws.sagemaker.pipelines.lambda_step import Invoke
from local_aws.sagemaker.pipelines.records import EXECUTION, MADE_BY, RUNNING, ExecutionRecords
from local_aws.sagemaker.pipelines.run import PipelineRun
from local_aws.sagemaker.pipelines.steps import StepWorker
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, now, random_id
from local_aws.service import JsonService

RETRYABLE = ("Failed", "Stopped")
NOT_OFFERED = ("SelectiveExecutionConfig", "PipelineVersionId", "MlflowExperimentName")


class Executions:
    """StartPipelineExecution and what belongs to it."""

    def __init__(
        self,
        store: Store,
        service: JsonService,
        jobs: dict[str, Jobs],
        endpoint_url: str,
        pipeline: Callable[[Caller, str], Record],
        invoker: Callable[[Credentials, str], Invoke] | None = None,
    ) -> None:
        self._store, self._service, self._jobs, self._endpoint_url = store, service, jobs, endpoint_url
        self._pipeline, self._invoker = pipeline, invoker or lambda_step.invoker
        self.records = ExecutionRecords(store, pipeline)
        self._runs: dict[str, PipelineRun] = {}
        self._starting = threading.Lock()
        self.operations: dict[str, Any] = {
            "StartPipelineExecution": self.start,
            "StopPipelineExecution": self.stop,
            "RetryPipelineExecution": self.retry,
            "UpdatePipelineExecution": self.update,
            **self.records.operations,
        }

    def start(self, caller: Caller, parameters: Record) -> Record:
        """StartPipelineExecution; the same ClientRequestToken starts nothing twice."""
        name = parameters["PipelineName"].rpartition("/")[2]
        self._store.authorize(caller, "StartPipelineExecution", arn(caller, "pipeline", name))
        refuse(parameters, NOT_OFFERED)
        with self._starting:
            pipeline = self._pipeline(caller, name)
            token = parameters["ClientRequestToken"]
            for earlier in self.records.of(caller, pipeline):
                if earlier["ClientRequestToken"] == token:
                    return {"PipelineExecutionArn": earlier["PipelineExecutionArn"]}
            return {"PipelineExecutionArn": self._begin(caller, pipeline, parameters)}

    def _begin(self, caller: Caller, pipeline: Record, parameters: Record) -> str:
        definition = parse(pipeline["PipelineDefinition"], self._service.model)
        values = pipeline_parameters.values(definition.declared, parameters.get("PipelineParameters", []))
        identity = random_id()
        execution_arn = f"{pipeline['PipelineArn']}/execution/{identity}"
        record: Record = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineName": pipeline["PipelineName"],
            "PipelineExecutionArn": execution_arn,
            "PipelineExecutionDisplayName": parameters.get("PipelineExecutionDisplayName", f"execution-{identity}"),
            "PipelineExecutionDescription": parameters.get("PipelineExecutionDescription"),
            "ParallelismConfiguration": parameters.get("ParallelismConfiguration", pipeline.get("ParallelismConfiguration")),
            "PipelineExecutionStatus": "Executing",
            "ClientRequestToken": parameters["ClientRequestToken"],
            "StartTime": now(),
            "CreationTime": now(),
            "LastModifiedTime": now(),
            **MADE_BY,
            "definition": pipeline["PipelineDefinition"],
            "pipeline_created": pipeline["CreationTime"],
            "role": pipeline["RoleArn"],
            "parameters": values,
            "retry_tokens": set(),
            "steps": [],
        }
        run = self._new_run(caller, record)
        with self._store.lock:
            # It may have been deleted meanwhile, with its executions.
            self._pipeline(caller, pipeline["PipelineName"])
            self._runs[execution_arn] = run
            self._store.put(EXECUTION, caller, execution_arn, record)
            pipeline["LastRunTime"] = record["StartTime"]
        run.start()
        return execution_arn

    def _new_run(self, caller: Caller, record: Record) -> PipelineRun:
        credentials = assume(record["role"], SAGEMAKER, "SageMaker-pipeline", caller.region)
        facts = {
            "PipelineExecutionId": record["PipelineExecutionArn"].rpartition("/")[2],
            "PipelineExecutionArn": record["PipelineExecutionArn"],
            "PipelineName": record["PipelineName"],
            "PipelineArn": record["PipelineArn"],
            "StartDateTime": record["CreationTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        worker = StepWorker(
            call=self._service.call,
            jobs=self._jobs,
            caller=credentials.caller,
            invoke=self._invoker(credentials, self._endpoint_url),
            resolver=Resolver(record["parameters"], facts, RoleStorage(credentials, self._endpoint_url).read),
            executions=lambda: self.records.of(caller, record),
            execution_arn=record["PipelineExecutionArn"],
        )
        nodes = parse(record["definition"], self._service.model).nodes
        limit = (record["ParallelismConfiguration"] or {}).get("MaxParallelExecutionSteps")
        return PipelineRun(record, nodes, worker, self._store.lock, limit)

    def stop(self, caller: Caller, parameters: Record) -> Record:
        """StopPipelineExecution; once more while it stops changes nothing, after its end it is refused."""
        record = self.records.find(caller, parameters, "StopPipelineExecution")
        name = record["PipelineExecutionArn"]
        with self._store.lock:
            status = record["PipelineExecutionStatus"]
            if status not in RUNNING:
                raise invalid(f"Pipeline execution with ARN {name} has status {status}; only an Executing one can be stopped.")
            run = self._runs[name]
            record["PipelineExecutionStatus"] = "Stopping"
            if status == "Executing":
                announce_execution(caller, record, status)
        if status == "Executing":
            run.stop()
        return {"PipelineExecutionArn": name}

    def retry(self, caller: Caller, parameters: Record) -> Record:
        """RetryPipelineExecution: keep what succeeded, run the rest again; the same ClientRequestToken retries nothing twice."""
        record = self.records.find(caller, parameters, "RetryPipelineExecution")
        name, token = record["PipelineExecutionArn"], parameters["ClientRequestToken"]
        with self._starting:
            if token in record["retry_tokens"]:
                return {"PipelineExecutionArn": name}
            _require_retryable(record)
            if "ParallelismConfiguration" in parameters:
                record["ParallelismConfiguration"] = parameters["ParallelismConfiguration"]
            run = self._new_run(caller, record)
            with self._store.lock:
                record["retry_tokens"].add(token)
                record.pop("FailureReason", None)
                record.update(PipelineExecutionStatus="Executing", LastModifiedTime=now())
                self._runs[name] = run
            run.start()
        return {"PipelineExecutionArn": name}

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdatePipelineExecution: display name, description, and how many steps may run at once."""
        record = self.records.find(caller, parameters, "UpdatePipelineExecution")
        keys = ("PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration")
        with self._store.lock:
            record.update({key: parameters[key] for key in keys if key in parameters})
            record["LastModifiedTime"] = now()
        if "ParallelismConfiguration" in parameters:
            limit = parameters["ParallelismConfiguration"]["MaxParallelExecutionSteps"]
            self._runs[record["PipelineExecutionArn"]].set_limit(limit)
        return {"PipelineExecutionArn": record["PipelineExecutionArn"]}

    def forget(self, caller: Caller, executions: list[Record]) -> None:
        """Remove executions that have ended."""
        for record in executions:
            self._store.remove(EXECUTION, caller, record["PipelineExecutionArn"])
            self._runs.pop(record["PipelineExecutionArn"], None)


def _require_retryable(record: Record) -> None:
    name, status = record["PipelineExecutionArn"], record["PipelineExecutionStatus"]
    if status not in RETRYABLE:
        raise invalid(f"Pipeline execution with ARN {name} has status {status}; only a Failed or Stopped one can be retried.")
    ended = [entry["StepName"] for entry in record["steps"] if entry["StepType"] == "Fail"]
    if ended:
        raise invalid(
            f"Pipeline execution with ARN {name} ended with the Fail step {ended[0]} and cannot be retried; start a new one."
        )
