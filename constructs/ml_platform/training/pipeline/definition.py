"""A whole pipeline: checked, and rendered without timestamps or random values."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ml_platform.training.pipeline.consistency import problems
from ml_platform.training.pipeline.expressions import references
from ml_platform.training.pipeline.step import Step

VERSION = "2020-12-01"
"""Version of the definition language."""
MAX_CHARACTERS = 1_048_576
"""Of a definition (API: CreatePipeline). Tokens that CloudFormation resolves later count as they are now."""
MAX_PARAMETERS = 200
"""Of an execution (API: StartPipelineExecution)."""
MAX_DEFAULT = 1024
"""Characters in a parameter's value (API: StartPipelineExecution)."""
PARAMETER_NAME = re.compile(r"[A-Za-z0-9\-_]{1,256}")
"""API: PipelineParameterName."""
_TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}


@dataclass(frozen=True)
class Parameter:
    """A value that the caller of an execution chooses."""

    name: str
    default: str | int | float | bool | None = None
    """Value where the caller gives none. Default: the caller must give one."""
    type: Literal["String", "Integer", "Float", "Boolean"] = "String"

    def render(self) -> dict[str, Any]:
        """Render as an element of Parameters."""
        rendered = {"Name": self.name, "Type": self.type}
        return rendered if self.default is None else {**rendered, "DefaultValue": self.default}

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this parameter alone."""
        if not PARAMETER_NAME.fullmatch(self.name):
            yield f"the name must be 1 to 256 letters, digits, - or _ (API: PipelineParameterName), got {self.name!r}"
        fits = isinstance(self.default, _TYPES[self.type]) and isinstance(self.default, bool) == (self.type == "Boolean")
        if self.default is not None and not fits:
            yield f"the default {self.default!r} is no {self.type}"
        if isinstance(self.default, str) and len(self.default) > MAX_DEFAULT:
            yield f"the default has {len(self.default)} characters, of which SageMaker takes {MAX_DEFAULT}"


@dataclass(frozen=True)
class PipelineDefinition:
    """Parameters and steps.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline-definitions.html
    """

    parameters: Sequence[Parameter]
    steps: Sequence[Step]

    def render(self) -> dict[str, Any]:
        """Return the definition.

        Raises
        ------
        ValueError
            Listing everything that AWS would refuse, or that could not run, with the name of the step that has it: names
            that are used twice or break AWS's pattern, references to nothing, cycles, parameters that no step reads, and a
            definition that is too long.
        """
        found = [*self._parameter_problems(), *problems(self.steps, {parameter.name for parameter in self.parameters})]
        definition = {
            "Version": VERSION,
            "Parameters": [parameter.render() for parameter in self.parameters],
            "Steps": [step.render() for step in self.steps],
        }
        found += self._too_long(definition)
        if found:
            raise ValueError("the pipeline is not consistent:\n  " + "\n  ".join(found))
        return definition

    def _parameter_problems(self) -> Iterator[str]:
        names = [parameter.name for parameter in self.parameters]
        if len(names) > MAX_PARAMETERS:
            yield f"{len(names)} parameters, of which SageMaker takes {MAX_PARAMETERS}"
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"parameter {name!r}: {names.count(name)} parameters have this name; names must differ"
        for parameter in self.parameters:
            yield from (f"parameter {parameter.name!r}: {problem}" for problem in parameter.problems())
        read = {reference for step in self.steps for reference in references(step.render())}
        for name in names:
            if f"Parameters.{name}" not in read:
                yield f"parameter {name!r}: no step reads it; use it or remove it"

    def _too_long(self, definition: dict[str, Any]) -> Iterator[str]:
        length = len(json.dumps(definition))
        if length > MAX_CHARACTERS:
            longest = max(self.steps, key=lambda step: len(json.dumps(step.render())))
            yield (
                f"step {longest.name!r}: it is the longest of a definition of {length} characters, of which SageMaker takes "
                f"{MAX_CHARACTERS}; move what it carries into S3"
            )
