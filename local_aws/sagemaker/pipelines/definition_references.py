"""Checks of what a step's expressions refer to: that it exists, that it comes from another step, and that its type fits.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html, and "Data Dependency - Property Reference"
in the SDK's documentation, https://sagemaker.readthedocs.io/en/stable/amazon_sagemaker_model_building_pipeline.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import regex
from botocore.model import ServiceModel, Shape

from local_aws.sagemaker.pipelines.definition_steps import CREATES
from local_aws.sagemaker.pipelines.expressions import is_expression, objects
from local_aws.sagemaker.pipelines.graph import own_part
from local_aws.sagemaker.pipelines.paths import parts

EXECUTION = {"PipelineExecutionId", "PipelineExecutionArn", "PipelineName", "PipelineArn", "StartDateTime", "CurrentDateTime"}
JOB_NAMES = {"Training": "TrainingJobName", "Processing": "ProcessingJobName"}
"""Execution variables that only steps of a type have."""
KINDS = {"string": "String", "integer": "Integer", "long": "Integer", "float": "Float", "double": "Float", "boolean": "Boolean"}
"""Types of parameters by the types of botocore's shapes."""
_OUTPUT = regex.compile(r"""OutputParameters\[(['"])(?P<name>.+)\1\]""")


class Broken(Exception):
    """A reference leads nowhere; the text says why."""


@dataclass(frozen=True)
class Surroundings:
    """What steps may refer to."""

    steps: Mapping[Any, dict[str, Any]]
    parameters: Mapping[Any, Mapping[str, Any]]
    model: ServiceModel


def broken(step: dict[str, Any], around: Surroundings) -> Iterator[str]:
    """Yield a sentence for every expression of `step` that cannot be resolved, and for every unknown step it waits for."""
    yield from _dependencies(step, around)
    own = own_part(step)
    shape = None
    if step.get("Type") in CREATES:
        shape = around.model.operation_model(CREATES[step["Type"]][0]).input_shape
    for expression, target in _expressions(own.get("Arguments", {}), shape):
        try:
            found = _type_of(expression, step, around)
        except Broken as problem:
            yield str(problem)
            continue
        if target is not None and found is not None and not _assignable(found, target):
            wanted = KINDS.get(target.type_name, target.type_name.capitalize())
            name = expression.get("Get", next(iter(expression)))
            yield f"cannot assign property reference [{name}] of type [{found}] to argument of type [{wanted}]"


def _dependencies(step: dict[str, Any], around: Surroundings) -> Iterator[str]:
    waits = step.get("DependsOn", [])
    if not isinstance(waits, list):
        yield "DependsOn must be a list of step names"
        return
    for name in waits:
        if not isinstance(name, str):
            yield f"DependsOn {name!r} is not a step's name; the embedded AWS does not offer triggers there, AWS does"
        elif name not in around.steps or name == step.get("Name"):
            known = ", ".join(sorted(str(other) for other in around.steps if other != step.get("Name"))) or "none"
            yield f"DependsOn names {name!r}, which is no other step; the others are {known}"
        elif around.steps[name].get("Type") in ("Fail", "Condition"):
            yield f"DependsOn names {name!r}; a {around.steps[name]['Type']} step cannot be in the DependsOn list of other steps"


def _expressions(value: Any, shape: Shape | None) -> Iterator[tuple[dict[str, Any], Shape | None]]:
    """Yield the expressions in `value` with the shape that their place has, where it is known."""
    if is_expression(value):
        yield value, shape
        match value:
            case {"Std:Join": {"Values": list(inner)}} | {"Std:JsonGet": {"S3Uri": inner}}:
                yield from _expressions(inner, None)
    elif isinstance(value, dict):
        members = shape.members if shape is not None and shape.type_name == "structure" else {}
        for key, inner in value.items():
            yield from _expressions(inner, shape.value if shape is not None and shape.type_name == "map" else members.get(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _expressions(inner, shape.member if shape is not None and shape.type_name == "list" else None)


def _assignable(found: str, target: Shape) -> bool:
    wanted = KINDS.get(target.type_name)
    if wanted is None:
        return target.type_name == "timestamp" or found not in KINDS.values()
    return found == wanted or (found, wanted) == ("Integer", "Float")


def _type_of(expression: Mapping[str, Any], step: dict[str, Any], around: Surroundings) -> str | None:
    """Return the type of what an expression stands for; None where only the run can tell."""
    match expression:
        case {"Get": str(reference)}:
            return _of_reference(reference, step, around)
        case {"Std:Join": {"On": str(), "Values": list()}}:
            return "String"
        case {"Std:JsonGet": {"PropertyFile": {"Get": str(reference)}, "Path": str(path)}}:
            _property_file(reference, step, around)
            _path(path)
            return None
        case {"Std:JsonGet": {"S3Uri": _, "Path": str(path)}}:
            _path(path)
            return None
    raise Broken(f"expression {dict(expression)!r} has a form that is not known")


def _path(path: str) -> list[str | int]:
    try:
        return parts(path)
    except ValueError as error:
        raise Broken(str(error)) from None


def _of_reference(reference: str, step: dict[str, Any], around: Surroundings) -> str | None:
    root, _, rest = reference.partition(".")
    name, _, path = rest.partition(".")
    if root == "Parameters" and rest in around.parameters:
        return str(around.parameters[rest].get("Type"))
    if root == "Execution" and rest in {*EXECUTION, JOB_NAMES.get(str(step.get("Type")))}:
        return "String"
    if root != "Steps" or name not in around.steps or name == step.get("Name"):
        raise Broken(f"reference {reference!r} leads nowhere")
    return _property(around.steps[name], path, reference, around.model)


def _property(target: dict[str, Any], path: str, reference: str, model: ServiceModel) -> str | None:
    kind = target.get("Type")
    if kind == "Condition" and path == "Outcome":
        return "String"
    if kind == "Lambda":
        return _output(target, path, reference)
    described = CREATES.get(str(kind))
    shape = model.operation_model(described[2]).output_shape if described else None
    for part in _path(path):
        if shape is None:
            raise Broken(f"reference {reference!r}: {kind} steps have no property {part!r}")
        shape = _inner(shape, part)
    if shape is None:
        raise Broken(f"reference {reference!r}: {kind} steps have no property {path!r}")
    return KINDS.get(str(shape.type_name), str(shape.type_name).capitalize())


def _inner(shape: Shape, part: str | int) -> Shape | None:
    if shape.type_name == "structure":
        found: Shape | None = shape.members.get(part)
        return found
    if shape.type_name == "list":
        member: Shape = shape.member
        return member
    value: Shape | None = shape.value if shape.type_name == "map" and isinstance(part, str) else None
    return value


def _output(target: dict[str, Any], path: str, reference: str) -> str | None:
    declared = {str(output.get("OutputName")): output.get("OutputType") for output in objects(target.get("OutputParameters"))}
    match = _OUTPUT.fullmatch(path)
    if match is None or match["name"] not in declared:
        known = ", ".join(f"OutputParameters[{name!r}]" for name in declared) or "none"
        raise Broken(f"reference {reference!r}: the properties of this Lambda step are {known}")
    return str(declared[match["name"]])


def _property_file(reference: str, step: dict[str, Any], around: Surroundings) -> None:
    root, _, rest = reference.partition(".")
    name, _, path = rest.partition(".")
    target = around.steps.get(name)
    if root != "Steps" or target is None or name == step.get("Name"):
        raise Broken(f"reference {reference!r} leads nowhere")
    if target.get("Type") != "Processing":
        raise Broken(f"reference {reference!r}: only Processing steps have property files, {name} is a {target.get('Type')} step")
    files = [file.get("PropertyFileName") for file in objects(target.get("PropertyFiles"))]
    if path.partition(".")[0] != "PropertyFiles" or path.partition(".")[2] not in files:
        raise Broken(f"reference {reference!r}: the step has the property files {files}")
