"""A definition's expressions: how they are recognized, and what they stand for while a pipeline runs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-pipeline-definitions.html
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.sagemaker.pipelines.paths import Unresolvable, lookup
from local_aws.strict_json import strict_json

__all__ = ["Resolver", "Unresolvable", "is_expression", "objects", "references"]
FUNCTIONS = {"Get", "Std:Join", "Std:JsonGet"}


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


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list, and nothing where `value` is none: for what has not been checked yet."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Resolver:
    """Values of one execution: its parameters, its own facts, and what its steps' jobs are described as."""

    def __init__(self, parameters: Mapping[str, Any], execution: Mapping[str, str], read_file: Callable[[str], bytes]) -> None:
        self._parameters, self._execution, self._read = parameters, execution, read_file
        self._properties: dict[str, Mapping[str, Any]] = {}
        self._files: dict[tuple[str, str], str] = {}

    def naming(self, variable: str, value: str) -> "Resolver":
        """Return this resolver with one more execution variable, such as a step's own TrainingJobName."""
        other = copy.copy(self)
        other._execution = {**self._execution, variable: value}
        return other

    def add_step(self, step: Mapping[str, Any], described: Mapping[str, Any]) -> None:
        """Remember a finished step's job, and where its property files lie."""
        outputs = described.get("ProcessingOutputConfig", {}).get("Outputs", [])
        places = {output["OutputName"]: output.get("S3Output", {}).get("S3Uri", "").rstrip("/") for output in outputs}
        for file in step.get("PropertyFiles", []):
            # A reused job may have been described by an older definition, without this output.
            if places.get(file["OutputName"]):
                uri = f"{places[file['OutputName']]}/{file['FilePath']}"
                self._files[step["Name"], file["PropertyFileName"]] = uri
        self._properties[step["Name"]] = described

    def resolve(self, value: Any) -> Any:
        """Return `value` with every expression replaced by what it stands for."""
        if is_expression(value):
            return self._evaluate(value)
        if isinstance(value, dict):
            return {key: self.resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        return value

    def _evaluate(self, expression: Mapping[str, Any]) -> Any:
        match expression:
            case {"Get": str(reference)}:
                return self._get(reference)
            case {"Std:Join": {"On": separator, "Values": values}}:
                return str(separator).join(_text(self.resolve(value)) for value in values)
            case {"Std:JsonGet": {"PropertyFile": {"Get": reference}, "Path": path}}:
                return self._read_json(self._file(reference), path)
            case {"Std:JsonGet": {"S3Uri": uri, "Path": path}}:
                return self._read_json(str(self.resolve(uri)), path)
        raise Unresolvable(f"expression {json.dumps(dict(expression))} has a form that is not known")

    def _get(self, reference: str) -> Any:
        root, _, rest = reference.partition(".")
        if root == "Parameters" and rest in self._parameters:
            return self._parameters[rest]
        if root == "Execution":
            return self._variable(rest, reference)
        step, _, path = rest.partition(".")
        if step not in self._properties:
            raise Unresolvable(f"{reference}: step {step} has not run")
        return lookup(self._properties[step], path, reference)

    def _variable(self, name: str, reference: str) -> str:
        if name == "CurrentDateTime":
            return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if name not in self._execution:
            raise Unresolvable(f"{reference}: this step has no such variable; it has {', '.join(self._execution)}")
        return self._execution[name]

    def _file(self, reference: str) -> str:
        _, step, _, name = reference.split(".", 3)
        if step not in self._properties:
            raise Unresolvable(f"{reference}: step {step} has not run")
        uri = self._files.get((step, name))
        if uri is None:
            raise Unresolvable(f"{reference}: the job of step {step} has no such output")
        return uri

    def _read_json(self, uri: str, path: str) -> Any:
        try:
            content = strict_json(self._read(uri))
        except ValueError as error:
            raise Unresolvable(f"property file {uri} is not JSON: {error}") from None
        return lookup(content, path, f"{path} in {uri}")


def _text(value: Any) -> str:
    """Return a value as Std:Join writes it: booleans and objects as JSON does."""
    return value if isinstance(value, str) else json.dumps(value)
