"""A pipeline definition, checked before it is accepted.

Step arguments are checked against the very shapes that their jobs will be; references, property paths and cycles as well.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline-definitions.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import ServiceModel

from local_aws.errors import ServiceError, invalid
from local_aws.sagemaker.pipelines import parameters as pipeline_parameters
from local_aws.sagemaker.pipelines.definition_references import Surroundings, broken
from local_aws.sagemaker.pipelines.definition_steps import CREATES, of_step
from local_aws.sagemaker.pipelines.graph import BRANCHES, Node, cycle, flatten, graph, ordered
from local_aws.validation import without_nulls

VERSION = "2020-12-01"
KEYS = {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"}
NOT_OFFERED = {"MlflowConfig"}


@dataclass(frozen=True)
class Definition:
    """A definition that was found valid."""

    declared: Mapping[str, Mapping[str, Any]]
    """Parameters by name, as they are declared."""
    steps: list[dict[str, Any]]
    """Outermost steps, in an order in which they can run."""
    nodes: Mapping[str, Node]
    """Every step by name, with what it waits for."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Default by name; None where the caller must give a value."""
        return {name: parameter.get("DefaultValue") for name, parameter in self.declared.items()}


def parse(text: str, model: ServiceModel) -> Definition:
    """Return the checked definition.

    Raises
    ------
    ServiceError
        Naming every problem with the step that has it.
    """
    content = _json(text)
    _drop_nulls(content, model)
    steps = list(flatten(content["Steps"]))
    declared = {p["Name"]: p for p in content.get("Parameters", []) if isinstance(p, dict) and isinstance(p.get("Name"), str)}
    around = Surroundings({step.get("Name"): step for step in steps}, declared, model)
    found = [*_of_the_whole(content, steps)]
    for step in steps:
        problems = [*of_step(step, model), *broken(step, around)]
        found += [f"Step {step.get('Name')!r}: {problem}" for problem in problems]
    if found:
        raise _refused("; ".join(found))
    nodes = graph(content["Steps"])
    return Definition(declared, ordered(content["Steps"], nodes), nodes)


def _refused(why: str) -> ServiceError:
    return invalid(f"Unable to parse pipeline definition. {why}")


def _json(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _refused(f"It is not JSON: {error}") from None
    if isinstance(content, dict):
        content = _set(content)
    if not isinstance(content, dict) or not isinstance(content.get("Steps"), list):
        raise _refused("It must be an object with Version and a list of Steps")
    if not isinstance(content.get("Parameters", []), list):
        raise _refused("Parameters must be a list")
    for step in content["Steps"]:
        _require_form(step)
    return content


def _drop_nulls(content: dict[str, Any], model: ServiceModel) -> None:
    """Drop what is null of the steps and of what their calls are given: SDKs write it for what they do not set."""
    for step in flatten(content["Steps"]):
        kept = _set(step)
        step.clear()
        step.update(kept)
        shape = model.operation_model(CREATES[step["Type"]][0]).input_shape if step["Type"] in CREATES else None
        if shape is not None and "Arguments" in step:
            step["Arguments"] = without_nulls(shape, step["Arguments"])


def _arguments(step: dict[str, Any]) -> Any:
    return {} if step.get("Arguments") is None else step["Arguments"]


def _set(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None}


def _require_form(step: Any) -> None:
    """Raise ServiceError unless a step, and those in its branches, have the form that the other checks rely on."""
    if not isinstance(step, dict) or not isinstance(_arguments(step), dict):
        name = step.get("Name") if isinstance(step, dict) else step
        raise _refused(f"Step {name!r} must be an object, and its Arguments as well")
    if not isinstance(step.get("Name"), str) or not isinstance(step.get("Type"), str):
        raise _refused(f"Step {step.get('Name')!r} must have a Name and a Type, both strings")
    if step.get("Type") != "Condition":
        return
    for branch in BRANCHES.values():
        inner = _arguments(step).get(branch, [])
        if not isinstance(inner, list):
            raise _refused(f"Step {step.get('Name')!r}: {branch} must be a list of steps")
        for other in inner:
            _require_form(other)


def _of_the_whole(content: dict[str, Any], steps: list[dict[str, Any]]) -> Iterator[str]:
    if content.get("Version") != VERSION:
        yield f"Version must be {VERSION}, got {content.get('Version')!r}"
    for key in sorted(set(content) & NOT_OFFERED):
        yield f"the embedded AWS does not offer {key}; AWS does"
    for key in sorted(set(content) - KEYS - NOT_OFFERED):
        yield f"cannot parse object, unknown property {key!r}; known are {', '.join(sorted(KEYS))}"
    if not content["Steps"]:
        yield "there must be at least one step"
    names = [step.get("Name") for step in steps]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    for name in twice:
        yield f"step name {name!r} is used {len([other for other in names if str(other) == name])} times"
    yield from pipeline_parameters.problems(content.get("Parameters", []))
    if twice:
        return
    circle = cycle(graph(content["Steps"]))
    if circle:
        yield f"the steps depend on each other in a cycle: {' -> '.join(circle)}"
