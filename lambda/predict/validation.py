"""Checks a request against the model's input schema: the keywords that the configuration accepts, all of them enforced."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

MAX_ERRORS = 20
_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
}


def errors_in(instances: list[Any], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong with `instances`, each with a JSON pointer; the first MAX_ERRORS."""
    found: list[dict[str, str]] = []
    for index, instance in enumerate(instances):
        for pointer, detail in _instance(instance, schema):
            found.append({"pointer": f"/instances/{index}{pointer}", "detail": detail})
            if len(found) == MAX_ERRORS:
                return found
    return found


def _instance(instance: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(instance, dict):
        yield "", f"must be an object, got {_kind(instance)}"
        return
    properties = schema["properties"]
    for name in schema.get("required", ()):
        if name not in instance:
            yield f"/{name}", "is required, but missing"
    for name, value in instance.items():
        if name in properties:
            yield from ((f"/{name}", detail) for detail in _value(value, properties[name]))
        elif schema.get("additionalProperties") is False:
            yield f"/{name}", f"is not known; known are {', '.join(properties)}"


def _value(value: Any, field: Mapping[str, Any]) -> Iterator[str]:
    kind = field["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"must be of type {kind}, got {_kind(value)}"
        return
    if isinstance(value, float) and not isfinite(value):
        yield "must be finite"
        return
    if "minimum" in field and value < field["minimum"]:
        yield f"must be at least {field['minimum']}, got {value}"
    if "maximum" in field and value > field["maximum"]:
        yield f"must be at most {field['maximum']}, got {value}"
    if isinstance(value, str):
        yield from _text(value, field)


def _text(value: str, field: Mapping[str, Any]) -> Iterator[str]:
    if "minLength" in field and len(value) < field["minLength"]:
        yield f"must have at least {field['minLength']} characters, got {len(value)}"
    if "maxLength" in field and len(value) > field["maxLength"]:
        yield f"must have at most {field['maxLength']} characters, got {len(value)}"
    if "enum" in field and value not in field["enum"]:
        yield f"must be one of {', '.join(map(str, field['enum']))}"


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
