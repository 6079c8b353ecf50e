"""A pipeline definition, checked before it is accepted.

Step arguments are checked against the very shapes that their jobs will be; references, property paths and cycles as well.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline-definitions.html
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import regex
from botocore.model import ServiceModel

from local_aws.errors import ServiceError, invalid
from local_aws.validation import problems

VERSION = "2020-12-01"
STEP_NAME = regex.compile(r"[A-Za-z0-9\-_]{1,64}")
CREATES = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName", "DescribeProcessingJob"),
    "Training": ("CreateTrainingJob", "TrainingJobName", "DescribeTrainingJob"),
    "RegisterModel": ("CreateModelPackage", None, "DescribeModelPackage"),
}
"""Per step type: the call that it makes, the name that the pipeline gives, the call whose answer its properties are."""
EXECUTION = {"PipelineExecutionId", "PipelineExecutionArn", "PipelineName", "PipelineArn", "StartDateTime"}
FUNCTIONS = {"Get", "Std:Join", "Std:JsonGet"}


@dataclass(frozen=True)
class Definition:
    """A definition that was found valid."""

    parameters: dict[str, Any]
    """Default by name; None where the caller must give a value."""
    steps: list[dict[str, Any]]
    """In an order in which they can run."""


def parse(text: str, model: ServiceModel) -> Definition:
    """Return the checked definition.

    Raises
    ------
    ServiceError
        Naming every problem with the step that has it.
    """
    content = _json(text)
    steps = list(_flatten(content.get("Steps", [])))
    found = [*_of_the_whole(content, steps)]
    for step in steps:
        found += [f"Step {step.get('Name')!r}: {problem}" for problem in _of_step(step, steps, content, model)]
    if found:
        raise invalid(f"Unable to parse pipeline definition. {'; '.join(found)}")
    parameters = {parameter["Name"]: parameter.get("DefaultValue") for parameter in content.get("Parameters", [])}
    return Definition(parameters, _ordered(content["Steps"]))


def is_expression(value: Any) -> bool:
    """Return whether `value` is resolved only when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FUNCTIONS


def references(value: Any) -> Iterator[str]:
    """Yield what every Get inside `value` refers to."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield str(value["Get"])
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def _json(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise invalid(f"Unable to parse pipeline definition. It is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("Steps"), list):
        raise invalid("Unable to parse pipeline definition. It must be an object with Version and a list of Steps")
    return content


def _flatten(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        if step.get("Type") == "Condition":
            yield from _flatten(_branches(step))


def _branches(step: dict[str, Any]) -> list[dict[str, Any]]:
    arguments = step.get("Arguments", {})
    return [*arguments.get("IfSteps", []), *arguments.get("ElseSteps", [])]


def _of_the_whole(content: dict[str, Any], steps: list[dict[str, Any]]) -> Iterator[str]:
    if content.get("Version") != VERSION:
        yield f"Version must be {VERSION}, got {content.get('Version')!r}"
    if not content["Steps"]:
        yield "there must be at least one step"
    names = [step.get("Name") for step in steps]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"step name {name!r} is used {names.count(name)} times"
    for parameter in content.get("Parameters", []):
        if parameter.get("Type") not in ("String", "Integer", "Float", "Boolean"):
            yield f"parameter {parameter.get('Name')!r} has type {parameter.get('Type')!r}, not String, Integer, Float, Boolean"
    try:
        _ordered(content["Steps"])
    except CycleError as error:
        yield f"the steps depend on each other in a cycle: {' -> '.join(map(str, error.args[1]))}"


def _of_step(step: dict[str, Any], steps: list[dict[str, Any]], content: dict[str, Any], model: ServiceModel) -> Iterator[str]:
    if not STEP_NAME.fullmatch(str(step.get("Name", ""))):
        yield "the name must be 1 to 64 letters, digits, - or _"
    kind = step.get("Type")
    own = {key: value for key, value in step.items() if key != "Arguments"} if kind == "Condition" else step
    if kind in CREATES:
        yield from _arguments(step, model)
    elif kind == "Condition":
        conditions = step.get("Arguments", {}).get("Conditions")
        if not conditions:
            yield "a Condition step needs Conditions"
        own = {**own, "Conditions": conditions}
    elif kind == "Fail":
        if "ErrorMessage" not in step.get("Arguments", {}):
            yield "a Fail step needs an ErrorMessage"
    else:
        yield f"type {kind!r} is not offered; offered are {', '.join([*CREATES, 'Condition', 'Fail'])}"
    yield from _broken(own, step, steps, content, model)


def _arguments(step: dict[str, Any], model: ServiceModel) -> Iterator[str]:
    operation, name, _ = CREATES[step["Type"]]
    arguments = dict(step.get("Arguments", {}))
    if name is not None:
        arguments[name] = "pipelines-placeholder"
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    yield from problems(shape, arguments, accept=is_expression)


def _broken(
    part: Any, step: dict[str, Any], steps: list[dict[str, Any]], content: dict[str, Any], model: ServiceModel
) -> Iterator[str]:
    parameters = {parameter.get("Name") for parameter in content.get("Parameters", [])}
    by_name = {other.get("Name"): other for other in steps}
    for reference in references(part):
        root, _, rest = reference.partition(".")
        name, _, path = rest.partition(".")
        if root == "Parameters" and rest in parameters:
            continue
        if root == "Execution" and rest in EXECUTION:
            continue
        if root == "Steps" and name in by_name and name != step.get("Name"):
            yield from _wrong_property(by_name[name], path, reference, model)
        else:
            yield f"reference {reference!r} leads nowhere"


def _wrong_property(target: dict[str, Any], path: str, reference: str, model: ServiceModel) -> Iterator[str]:
    first = path.partition(".")[0].partition("[")[0]
    if first == "PropertyFiles":
        files = [file["PropertyFileName"] for file in target.get("PropertyFiles", [])]
        if path.partition(".")[2] not in files:
            yield f"reference {reference!r}: the step has the property files {files}"
        return
    described = CREATES.get(target.get("Type", ""))
    shape = model.operation_model(described[2]).output_shape if described else None
    if shape is None or first not in shape.members:
        yield f"reference {reference!r}: {target.get('Type')} steps have no property {first!r}"


def _ordered(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `steps` so that each comes after those it refers to; the definition's own order where that is free."""
    by_name = {step.get("Name"): step for step in steps}
    sorter: TopologicalSorter[Any] = TopologicalSorter()
    for step in steps:
        needed = {reference.split(".")[1] for reference in references(step) if reference.startswith("Steps.")}
        needed |= set(step.get("DependsOn", []))
        inner = {other.get("Name") for other in _flatten(_branches(step))} if step.get("Type") == "Condition" else set()
        sorter.add(step.get("Name"), *sorted((needed & set(by_name)) - inner, key=str))
    return [by_name[name] for name in sorter.static_order()]


def require_values(definition: Definition, given: dict[str, str]) -> dict[str, Any]:
    """Return the parameters of an execution.

    Raises
    ------
    ServiceError
        If one is unknown or has neither value nor default.
    """
    unknown = sorted(set(given) - set(definition.parameters))
    if unknown:
        known = ", ".join(definition.parameters) or "none"
        raise ServiceError("ValidationException", f"Parameters {', '.join(unknown)} are not defined; defined are: {known}")
    values = {**definition.parameters, **given}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise ServiceError("ValidationException", f"Parameters {', '.join(missing)} have no default and were not given")
    return values
