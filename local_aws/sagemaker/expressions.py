"""Resolves a definition's expressions while a pipeline runs."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.sagemaker.definition import is_expression

_PART = re.compile(r"(?P<key>[^.\[\]]+)(?:\['(?P<name>[^']+)'\]|\[(?P<index>\d+)\])?")


class Unresolvable(Exception):
    """An expression has no value; the text says which and why."""


class Resolver:
    """Values of one execution: its parameters, its own facts, and what its steps' jobs are described as."""

    def __init__(self, parameters: Mapping[str, Any], execution: Mapping[str, str], read_file: Callable[[str], bytes]) -> None:
        self._parameters, self._execution, self._read = parameters, execution, read_file
        self._properties: dict[str, Mapping[str, Any]] = {}
        self._files: dict[tuple[str, str], str] = {}

    def add_step(self, step: Mapping[str, Any], described: Mapping[str, Any]) -> None:
        """Remember a finished step's job, and where its property files lie."""
        self._properties[step["Name"]] = described
        outputs = described.get("ProcessingOutputConfig", {}).get("Outputs", [])
        places = {output["OutputName"]: output["S3Output"]["S3Uri"].rstrip("/") for output in outputs}
        for file in step.get("PropertyFiles", []):
            uri = f"{places[file['OutputName']]}/{file['FilePath']}"
            self._files[step["Name"], file["PropertyFileName"]] = uri

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
            case {"Get": reference}:
                return self._get(reference)
            case {"Std:Join": {"On": separator, "Values": values}}:
                return separator.join(str(self.resolve(value)) for value in values)
            case {"Std:JsonGet": {"PropertyFile": {"Get": reference}, "Path": path}}:
                return self._json_get(reference, path)
        raise Unresolvable(f"expression {json.dumps(dict(expression))} has a form that is not known")

    def _get(self, reference: str) -> Any:
        root, _, rest = reference.partition(".")
        if root == "Parameters":
            return self._parameters[rest]
        if root == "Execution":
            return self._execution[rest]
        step, _, path = rest.partition(".")
        if step not in self._properties:
            raise Unresolvable(f"{reference}: step {step} has not run")
        return _property(self._properties[step], path, reference)

    def _json_get(self, reference: str, path: str) -> Any:
        _, step, _, name = reference.split(".", 3)
        uri = self._files.get((step, name))
        if uri is None:
            raise Unresolvable(f"{reference}: step {step} has not run")
        try:
            content = json.loads(self._read(uri))
        except ValueError as error:
            raise Unresolvable(f"property file {uri} is not JSON: {error}") from None
        return _property(content, path, f"{path} in {uri}")


def _property(value: Any, path: str, reference: str) -> Any:
    for part in _PART.finditer(path):
        if not isinstance(value, dict) or part["key"] not in value:
            raise Unresolvable(f"{reference}: there is no {part['key']!r}")
        value = value[part["key"]]
        if part["name"] is not None:
            value = _named(value, part["name"], reference)
        elif part["index"] is not None:
            value = value[int(part["index"])]
    return value


def _named(items: Any, name: str, reference: str) -> Any:
    """Return the element called `name`: lists are addressed by their elements' own name field."""
    if isinstance(items, dict) and name in items:
        return items[name]
    for item in items if isinstance(items, list) else []:
        if any(key.endswith("Name") and found == name for key, found in item.items()):
            return item
    raise Unresolvable(f"{reference}: nothing is called {name!r}")
