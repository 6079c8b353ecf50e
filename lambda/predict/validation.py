"""Checks a request against the model's input schema: the keywords that the configuration accepts, all of them enforced."""

from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any

MAX_ERRORS = 20
_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
Errors = Iterator[tuple[str, str]]
"""JSON pointers and what is wrong there."""


def errors_in(instances: list[Any], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong with `instances`, each with a JSON pointer; the first MAX_ERRORS."""
    found = (error for index, instance in enumerate(instances) for error in _value(f"/instances/{index}", instance, schema))
    return [{"pointer": pointer, "detail": detail} for pointer, detail in islice(found, MAX_ERRORS)]


def _value(pointer: str, value: Any, field: Mapping[str, Any]) -> Errors:
    kind = field["type"]
    fits: bool = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not fits:
        wanted = "an object" if kind == "object" else f"of type {kind}"
        yield pointer, f"must be {wanted}, got {_kind(value)}"
    elif kind == "object":
        yield from _object(pointer, value, field)
    elif kind == "array":
        yield from _array(pointer, value, field)
    else:
        yield from ((pointer, detail) for detail in _scalar(value, field))


def _object(pointer: str, value: Mapping[str, Any], schema: Mapping[str, Any]) -> Errors:
    properties = schema["properties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{pointer}/{name}", "is required, but missing"
    for name, inner in value.items():
        if name in properties:
            yield from _value(f"{pointer}/{name}", inner, properties[name])
        elif schema.get("additionalProperties") is False:
            yield f"{pointer}/{name}", f"is not known; known are {', '.join(properties)}"


def _array(pointer: str, values: list[Any], field: Mapping[str, Any]) -> Errors:
    if len(values) < field.get("minItems", 0):
        yield pointer, f"must have at least {field['minItems']} items, got {len(values)}"
    if len(values) > field["maxItems"]:
        yield pointer, f"must have at most {field['maxItems']} items, got {len(values)}"
        return
    if field.get("uniqueItems") and any(value in values[:index] for index, value in enumerate(values)):
        yield pointer, "must not have equal items"
    for index, value in enumerate(values):
        yield from _value(f"{pointer}/{index}", value, field["items"])


def _scalar(value: Any, field: Mapping[str, Any]) -> Iterator[str]:
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
