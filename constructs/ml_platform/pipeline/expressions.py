"""Values that SageMaker resolves when a pipeline runs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline-definitions.html
"""

from dataclasses import dataclass
from typing import Any

Expression = dict[str, Any]


def parameter(name: str) -> Expression:
    """Value of the pipeline parameter `name`."""
    return {"Get": f"Parameters.{name}"}


def execution_id() -> Expression:
    """Id of the running execution."""
    return {"Get": "Execution.PipelineExecutionId"}


def step_property(step: str, path: str) -> Expression:
    """Property of an earlier step's job, such as `ModelArtifacts.S3ModelArtifacts`, as its Describe call names it."""
    return {"Get": f"Steps.{step}.{path}"}


def join(separator: str, *values: str | Expression) -> Expression:
    """`values` as one string."""
    return {"Std:Join": {"On": separator, "Values": list(values)}}


@dataclass(frozen=True)
class JsonGet:
    """Value at `path` (dots between keys) of a step's property file."""

    step: str
    property_file: str
    path: str

    def render(self) -> Expression:
        """Render as the definition language says."""
        file = {"Get": f"Steps.{self.step}.PropertyFiles.{self.property_file}"}
        return {"Std:JsonGet": {"PropertyFile": file, "Path": self.path}}
