"""Which JSON Schemas a model may give for its requests, as a JSON Schema (draft 7) of its own; and how those are checked.

An object whose properties are numbers, strings, booleans, and arrays and objects of them, each nullable. Keywords that are not
named here would be accepted and not enforced, so they are refused; every array names its largest size.
"""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from platform_contract import schema_errors

FORMATS = ("date", "date-time", "email", "hostname", "ipv4", "ipv6", "time", "uri")
KINDS = ("array", "boolean", "integer", "number", "object", "string")
Checker = Callable[[Any], object]
"""Raises what fastjsonschema raises, all errors at once, for a value that does not fit the schema that it was compiled from."""


def _kind(name: str, keywords: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """Return the rule for a field of one type: which keywords it may have, and which it must."""
    texts = {"title": {"type": "string"}, "description": {"type": "string"}}
    known = {"type": {}, **texts, **keywords}
    then = {"type": "object", "properties": known, "required": [*required], "additionalProperties": False}
    return {"if": {"required": ["type"], "properties": {"type": {"enum": [name, [name, "null"]]}}}, "then": then}


def _numbers(kind: str) -> dict[str, Any]:
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return {**{bound: {"type": kind} for bound in bounds}, "enum": _choices(kind)}


def _choices(kind: str) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": [kind, "null"]}}


_SIZE = {"type": "integer", "minimum": 0}
_FIELD = {"$ref": "#/definitions/field"}
_OBJECT = {
    "properties": {"type": "object", "minProperties": 1, "additionalProperties": _FIELD},
    "required": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "additionalProperties": {"type": "boolean"},
}
_TEXT = {
    "minLength": _SIZE,
    "maxLength": _SIZE,
    "pattern": {"type": "string", "format": "regex"},
    "format": {"enum": [*FORMATS]},
    "enum": _choices("string"),
}
_ARRAY = {"items": _FIELD, "minItems": _SIZE, "maxItems": _SIZE, "uniqueItems": {"type": "boolean"}}
SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "allOf": [_FIELD, {"type": "object", "required": ["type", "properties"], "properties": {"type": {"const": "object"}}}],
    "definitions": {
        "field": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": [kind for name in KINDS for kind in (name, [name, "null"])]}},
            "allOf": [
                _kind("array", _ARRAY, "items", "maxItems"),
                _kind("boolean", {}),
                _kind("integer", _numbers("integer")),
                _kind("number", _numbers("number")),
                _kind("object", _OBJECT, "properties"),
                _kind("string", _TEXT),
            ],
        }
    },
}
"""Of the input schemas that are accepted."""


def problems(schema: Any, check: Checker, compiled: Callable[[Any], object]) -> list[str]:
    """Return what is wrong with an input schema, each with its place.

    Parameters
    ----------
    check
        Compiled from SCHEMA.
    compiled
        Compiles a schema; what it raises is a problem too.
    """
    found = [*_not_json("", schema)] or [f"{place}{detail}" for place, detail in _told(schema, check)]
    found = found or [*_required_but_not_there("", schema)]
    if not found:
        try:
            compiled(schema)
        except (SyntaxError, RecursionError):
            found = ["is nested too deeply for the code that checks requests; give requests fewer levels"]
        except Exception as error:  # whatever the library does not like about a schema that the rules above allow
            found = [f"cannot be checked: {error}; a `$` within brackets of a pattern is written \\x24"]
    return found


def sample_problems(sample: Any, check: Checker) -> list[str]:
    """Return why `sample` is not one item that the prediction function would accept; `check` is compiled from its schema."""
    return [f"{place}{detail}" for place, detail in _told(sample, check)]


def _told(value: Any, check: Checker) -> Iterator[tuple[str, str]]:
    for place, detail in schema_errors.errors(value, check):
        yield f"{'.'.join(map(str, place))} " if place else "", detail


def _not_json(place: str, value: Any) -> Iterator[str]:
    """Yield what YAML and Python can say and JSON cannot: names that are no texts, numbers that are not finite."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(key, str):
                yield from _not_json(f"{place}{key}.", inner)
            else:
                yield f"{place}{key} is a name of type {schema_errors.kind(key)}; write it in quotes"
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_json(f"{place}{index}.", inner)
    elif isinstance(value, float) and not isfinite(value):
        yield f"{place.rstrip('.')} must be finite, got {value}; leave a bound out instead"


def _required_but_not_there(place: str, field: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names that an object requires and does not have: JSON Schema allows them, and they are slips."""
    properties = field.get("properties", {})
    for name in field.get("required", ()):
        if name not in properties:
            yield f"{place}required names {name!r}, which properties does not have; add it there, or remove it here"
    for name, inner in properties.items():
        yield from _required_but_not_there(f"{place}properties.{name}.", inner)
    if "items" in field:
        yield from _required_but_not_there(f"{place}items.", field["items"])
