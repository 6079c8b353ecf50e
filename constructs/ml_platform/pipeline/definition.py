"""A whole pipeline: checked, and rendered without timestamps or random values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ml_platform.pipeline.steps import ConditionStep, Step

VERSION = "2020-12-01"
"""Version of the definition language."""


@dataclass(frozen=True)
class Parameter:
    """A value that the caller of an execution may choose; it is a string."""

    name: str
    default: str

    def render(self) -> dict[str, Any]:
        """Render as an element of Parameters."""
        return {"Name": self.name, "Type": "String", "DefaultValue": self.default}


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
            Listing every step with the name of another, and every reference to a parameter or step that does not exist.
        """
        problems = [*self._duplicate_names(), *self._broken_references()]
        if problems:
            raise ValueError("the pipeline is not consistent:\n  " + "\n  ".join(problems))
        return {
            "Version": VERSION,
            "Parameters": [parameter.render() for parameter in self.parameters],
            "Steps": [step.render() for step in self.steps],
        }

    def _duplicate_names(self) -> Iterator[str]:
        names = [step.name for step in _flatten(self.steps)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"step {name!r}: {names.count(name)} steps have this name; names must differ"

    def _broken_references(self) -> Iterator[str]:
        parameters = {parameter.name for parameter in self.parameters}
        steps = {step.name for step in _flatten(self.steps)}
        for step in self.steps:
            for reference in _references(step.render()):
                root, _, rest = reference.partition(".")
                known = {"Parameters": parameters, "Steps": steps - {step.name}}.get(root)
                name = rest.partition(".")[0]
                if known is not None and name not in known:
                    allowed = ", ".join(sorted(known)) or "none"
                    yield f"step {step.name!r}: refers to {reference!r}, but {root.lower()} here are: {allowed}"


def _flatten(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, ConditionStep):
            yield from _flatten([*step.if_steps, *step.else_steps])


def _references(value: Any) -> Iterator[str]:
    """Yield what every `{"Get": ...}` inside `value` refers to."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield value["Get"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
