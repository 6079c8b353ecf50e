"""What is remembered of executions, and what can be asked about them."""

from collections.abc import Callable
from typing import Any

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.listing import paged
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.pipelines import parameters as pipeline_parameters
from local_aws.sagemaker.store import Record, Store, arn

EXECUTION = "pipeline-execution"
RUNNING = ("Executing", "Stopping")
MADE_BY: Record = {"CreatedBy": {}, "LastModifiedBy": {}}
"""Of pipelines and executions that nobody made in Studio: SageMaker names users of Studio only."""


class ExecutionRecords:
    """The records of executions; `pipeline` finds a pipeline's by name."""

    def __init__(self, store: Store, pipeline: Callable[[Caller, str], Record]) -> None:
        self._store, self._pipeline = store, pipeline
        self.operations: dict[str, Any] = {
            "DescribePipelineExecution": self.describe,
            "DescribePipelineDefinitionForExecution": self.describe_definition,
            "ListPipelineExecutions": self.list_executions,
            "ListPipelineExecutionSteps": self.list_steps,
            "ListPipelineParametersForExecution": self.list_parameters,
        }

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribePipelineExecution."""
        return self.find(caller, parameters, "DescribePipelineExecution")

    def describe_definition(self, caller: Caller, parameters: Record) -> Record:
        """DescribePipelineDefinitionForExecution: what it began with, whatever the pipeline has become since."""
        record = self.find(caller, parameters, "DescribePipelineDefinitionForExecution")
        return {"PipelineDefinition": record["definition"], "CreationTime": record["pipeline_created"]}

    def list_executions(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelineExecutions, the newest first."""
        name = parameters["PipelineName"].rpartition("/")[2]
        self._store.authorize(caller, "ListPipelineExecutions", arn(caller, "pipeline", name))
        found = [
            {**record, "PipelineExecutionFailureReason": record.get("FailureReason")}
            for record in self.of(caller, self._pipeline(caller, name))
        ]
        return LISTINGS["ListPipelineExecutions"].page(found, parameters)

    def list_steps(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelineExecutionSteps, the newest first."""
        record = self.find(caller, parameters, "ListPipelineExecutionSteps")
        steps = [{**step, "number": number} for number, step in enumerate(record["steps"])]
        descending = parameters.get("SortOrder", "Descending") == "Descending"
        return paged(steps, parameters, "PipelineExecutionSteps", lambda step: (step["number"],), descending=descending)

    def list_parameters(self, caller: Caller, parameters: Record) -> Record:
        """ListPipelineParametersForExecution."""
        record = self.find(caller, parameters, "ListPipelineParametersForExecution")
        found = [{"Name": name, "Value": pipeline_parameters.as_text(value)} for name, value in record["parameters"].items()]
        return paged(found, parameters, "PipelineParameters", lambda entry: (entry["Name"],))

    def of(self, caller: Caller, pipeline: Record) -> list[Record]:
        """Return the executions of a pipeline, the newest first."""
        return [record for record in self._store.all(EXECUTION, caller) if record["PipelineArn"] == pipeline["PipelineArn"]]

    def find(self, caller: Caller, parameters: Record, action: str) -> Record:
        """Return the record of the execution that a call names, once the caller was found to have the right to `action`."""
        name = parameters.get("PipelineExecutionArn")
        if name is None:  # the model has it optional for some operations, which then cannot know what is asked for
            raise invalid("PipelineExecutionArn is required")
        self._store.authorize(caller, action, name)
        return self._store.find(EXECUTION, caller, name)
