"""Values that SageMaker resolves when a pipeline runs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline-definitions.html
"""

from collections.abc import Iterator
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


def processing_output(step: str, output: str) -> Expression:
    """S3 prefix under which an earlier processing step leaves its output of this name."""
    return step_property(step, f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")


def lambda_output(step: str, name: str) -> Expression:
    """Value that the function of an earlier Lambda step returned under this key; at most 1,024 characters.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputParameter.html
    """
    return step_property(step, f"OutputParameters['{name}']")


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


def is_expression(value: Any) -> bool:
    """Return whether a rendered `value` is resolved only when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("Get", "Std:Join", "Std:JsonGet")


def references(value: Any) -> Iterator[str]:
    """Yield what every `{"Get": ...}` inside a rendered `value` refers to."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield value["Get"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
