"""What fastjsonschema finds in a value, in this platform's words and with its place."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

NAME = "data"
"""What fastjsonschema calls the value as a whole."""
Place = tuple[str | int, ...]
"""Keys and indexes that lead to a part of a value; empty for the whole."""
_BOUNDS = {
    "minimum": "must be at least {limit}, got {value}",
    "maximum": "must be at most {limit}, got {value}",
    "exclusiveMinimum": "must be more than {limit}, got {value}",
    "exclusiveMaximum": "must be less than {limit}, got {value}",
    "minLength": "must have at least {limit} characters, got {size}",
    "maxLength": "must have at most {limit} characters, got {size}",
    "minItems": "must have at least {limit} items, got {size}",
    "maxItems": "must have at most {limit} items, got {size}",
    "minProperties": "must have at least {limit} properties, got {size}",
    "pattern": "must match the pattern {limit}",
    "format": "must be a {limit}, got {value!r}",
    "const": "must be {limit}, got {value!r}",
    "uniqueItems": "must not have equal items",
}


def errors(value: Any, check: Callable[[Any], object]) -> list[tuple[Place, str]]:
    """Return what is wrong with `value`, each once, in the order of the places.

    Parameters
    ----------
    check
        A function that fastjsonschema has generated.
    """
    try:
        check(value)
    except ValueError as refusal:
        if not hasattr(refusal, "errors") and not hasattr(refusal, "rule"):
            raise
        found = [error for each in getattr(refusal, "errors", [refusal]) for error in _of(value, each)]
        return sorted(set(found), key=lambda error: [(isinstance(part, str), part) for part in error[0]])
    return []


def _of(whole: Any, error: Any) -> Iterator[tuple[Place, str]]:
    place = _place(whole, error.name.removeprefix(NAME))
    value, rule, limit = error.value, error.rule, error.rule_definition
    if rule == "required":
        yield from (((*place, name), "is required, but missing") for name in limit if name not in value)
    elif rule == "additionalProperties":
        known = error.definition.get("properties", {})
        yield from (((*place, name), f"is not known; known are {', '.join(known)}") for name in value if name not in known)
    elif rule == "type":
        yield place, f"must be {_wanted(limit)}, got {kind(value)}"
    elif rule == "enum":
        yield place, f"must be one of {', '.join(_choice(choice) for choice in limit)}, got {_choice(value)}"
    elif rule in _BOUNDS:
        size = len(value) if hasattr(value, "__len__") else None
        yield place, _BOUNDS[rule].format(limit=limit, value=value, size=size)
    else:
        yield place, error.message.removeprefix(error.name).strip()


def _place(whole: Any, name: str) -> Place:
    """Return the place that a text like `.a.b[0]` names in `whole`; keys may hold dots and brackets themselves."""
    place: list[str | int] = []
    while name:
        if isinstance(whole, Mapping):
            fitting = [key for key in whole if isinstance(key, str) and _begins_with(name, f".{key}")]
            step: str | int = max(fitting, key=len, default=name[1:])
            name = name[1 + len(str(step)) :]
        else:
            index, _, name = name.removeprefix("[").partition("]")
            step = int(index)
        place.append(step)
        whole = whole[step]
    return tuple(place)


def _begins_with(name: str, key: str) -> bool:
    return name.startswith(key) and name[len(key) : len(key) + 1] in ("", ".", "[")


def _wanted(types: str | list[str]) -> str:
    kinds = [types] if isinstance(types, str) else types
    first, *others = ["an object" if name == "object" else name if name == "null" else f"of type {name}" for name in kinds]
    return " or ".join([first, *others])


def _choice(value: Any) -> str:
    return " or ".join(value) if isinstance(value, list) and all(isinstance(entry, str) for entry in value) else str(value)


def kind(value: Any) -> str:
    """Return what JSON calls the type of a value."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
