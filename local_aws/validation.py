"""Checks a request against botocore's model of the service, including what botocore itself leaves unchecked.

botocore checks required members and types; enumerations, patterns and bounds are only in its model's metadata. The texts
follow those of AWS's own validation.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape

_JAVA_SUPPLEMENTARY = r"\uD800\uDC00-\uDBFF\uDFFF"

EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
"""Seconds since 1970 that a datetime can be."""

Wildcard = Callable[[Any], bool]


def problems(shape: Shape, value: Any, path: str = "", *, accept: Wildcard = lambda _: False) -> Iterator[str]:
    """Yield a sentence for everything in `value` that `shape` does not allow.

    `accept` names values that stand for something else and are not checked, such as references in a pipeline definition.
    """
    if accept(value):
        return
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(shape, value, path, accept)


def without_nulls(shape: Shape, value: Any) -> Any:
    """Return `value` without the members of its structures that are null, which AWS takes for members that are not there."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: without_nulls(shape.members[name], member) if name in shape.members else member
            for name, member in value.items()
            if member is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [without_nulls(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: without_nulls(shape.value, item) for key, item in value.items()}
    return value


def _structure(shape: StructureShape, value: Any, path: str, accept: Wildcard) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{_at(path)} must be a structure, not {type(value).__name__}"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in value.items():
        if name not in shape.members:
            known = ", ".join(sorted(shape.members))
            yield f"Unknown parameter at '{_join(path, name)}'; known here: {known}"
        elif member is not None:
            yield from problems(shape.members[name], member, _join(path, name), accept=accept)


def _list(shape: ListShape, value: Any, path: str, accept: Wildcard) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{_at(path)} must be a list, not {type(value).__name__}"
        return
    yield from _bounds(shape, len(value), value, path, "length")
    for number, item in enumerate(value, 1):
        yield from problems(shape.member, item, f"{path}.{number}.member", accept=accept)


def _map(shape: MapShape, value: Any, path: str, accept: Wildcard) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{_at(path)} must be a map, not {type(value).__name__}"
        return
    yield from _bounds(shape, len(value), value, path, "length")
    for key, item in value.items():
        yield from problems(shape.key, key, f"{path}.key", accept=accept)
        yield from problems(shape.value, item, f"{path}.{key}.member", accept=accept)


def _string(shape: Shape, value: Any, path: str, _accept: Wildcard) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{_at(path)} must be a string, not {type(value).__name__}"
        return
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        yield _constraint(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
    yield from _bounds(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _constraint(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _number(shape: Shape, value: Any, path: str, _accept: Wildcard) -> Iterator[str]:
    whole = shape.type_name in ("integer", "long")
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield f"{_at(path)} must be {'an integer' if whole else 'a number'}, not {type(value).__name__}"
        return
    yield from _bounds(shape, value, value, path, "value")


def _timestamp(_shape: Shape, value: Any, path: str, _accept: Wildcard) -> Iterator[str]:
    seconds = isinstance(value, int | float) and not isinstance(value, bool)
    if not seconds:
        yield f"{_at(path)} must be a timestamp in seconds since 1970, not {type(value).__name__}"
    elif not EARLIEST <= value <= LATEST:
        yield f"{_at(path)} must be a timestamp between the years 1 and 9999, not {value}"


def _boolean(_shape: Shape, value: Any, path: str, _accept: Wildcard) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{_at(path)} must be a boolean, not {type(value).__name__}"


def _bounds(shape: Shape, size: float, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    noun = "have length" if what == "length" else "have value"
    if least is not None and size < least:
        yield _constraint(value, path, f"Member must {noun} greater than or equal to {least}")
    if most is not None and size > most:
        yield _constraint(value, path, f"Member must {noun} less than or equal to {most}")


@cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    # The model's patterns are Java's: \p classes, which `re` does not know, and surrogate pairs, which Python does not have.
    return regex.compile(pattern.replace(_JAVA_SUPPLEMENTARY, r"\U00010000-\U0010FFFF"))


def _constraint(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _at(path: str) -> str:
    return f"Value at '{path}'" if path else "The request"


def _join(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


_CHECKS: dict[str, Callable[[Any, Any, str, Wildcard], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
