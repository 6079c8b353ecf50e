"""What fastjsonschema finds in a value, in this platform's words and with its place."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

NAME = "data"
"""What fastjsonschema calls the value as a whole."""
MOST = 100
"""Errors that are told, at most."""
LONGEST = 80
"""Characters of a value that an error shows: an answer must not be as long as the request."""
MOST_CHOICES = 30
Place = tuple[str | int, ...]
"""Keys and indexes that lead to a part of a value; empty for the whole."""
_INDEX = re.compile(r"\[(\d+)\]")
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
    "format": "must be a {limit}, got {value}",
    "const": "must be {limit}, got {value}",
    "uniqueItems": "must not have equal items",
}


def errors(value: Any, check: Callable[[Any], object], most: int = MOST) -> list[tuple[Place, str]]:
    """Return what is wrong with `value`, each once and the first `most`, in the order of the places.

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
        # Their own order is that of a set.
        several = sorted(getattr(refusal, "errors", [refusal]), key=lambda error: (str(error.name), str(error.rule)))
        told = islice((error for each in several for error in _of(value, each)), most)
        return sorted(set(told), key=lambda error: [(isinstance(part, str), part) for part in error[0]])
    return []


def _of(whole: Any, error: Any) -> Iterator[tuple[Place, str]]:
    place = _place(whole, error.name.removeprefix(NAME), error.value) or ()
    value, rule, limit = error.value, error.rule, error.rule_definition
    if rule == "required":
        yield from (((*place, name), "is required, but missing") for name in limit if name not in value)
    elif rule == "additionalProperties":
        known = error.definition.get("properties", {})
        allowed = _several(known)
        yield from (((*place, name), f"is not known; known are {allowed}") for name in value if name not in known)
    elif rule == "type":
        yield place, f"must be {_wanted(limit)}, got {kind(value)}"
    elif rule == "enum":
        yield place, f"must be one of {_several(map(_choice, limit))}, got {_shown(value)}"
    elif rule in _BOUNDS:
        size = len(value) if hasattr(value, "__len__") else None
        yield place, _BOUNDS[rule].format(limit=limit, value=_shown(value), size=size)
    else:
        yield place, _cut(error.message.removeprefix(error.name).strip())


def _place(whole: Any, name: str, value: Any) -> Place | None:
    """Return the place in `whole` that a text like `.a.b[0]` names and where `value` is; None where there is none.

    Keys may hold dots and brackets themselves, so that a text can be read in several ways; only one leads to the value.
    """
    if not name:
        return () if whole is value else None
    if isinstance(whole, list):
        index = _INDEX.match(name)
        number = int(index[1]) if index else len(whole)
        rest = _place(whole[number], name[index.end() :], value) if index and number < len(whole) else None
        return None if rest is None else (number, *rest)
    if isinstance(whole, dict) and name.startswith("."):
        ends = [*(found.start() for found in re.finditer(r"[.\[]", name[1:])), len(name) - 1]
        for end in reversed(ends):
            key = name[1 : end + 1]
            rest = _place(whole[key], name[end + 1 :], value) if key in whole else None
            if rest is not None:
                return (key, *rest)
    return None


def _wanted(types: str | list[str]) -> str:
    kinds = [types] if isinstance(types, str) else types
    first, *others = ["an object" if name == "object" else name if name == "null" else f"of type {name}" for name in kinds]
    return " or ".join([first, *others])


def _several(texts: Any) -> str:
    listed = list(map(_cut, map(str, texts)))
    more = len(listed) - MOST_CHOICES
    return ", ".join(listed) if more <= 0 else f"{', '.join(listed[:MOST_CHOICES])} and {more} more"


def _choice(value: Any) -> str:
    return " or ".join(value) if isinstance(value, list) and all(isinstance(entry, str) for entry in value) else str(value)


def _shown(value: Any) -> str:
    return _cut(repr(value[: LONGEST + 1] if isinstance(value, str) else value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def kind(value: Any) -> str:
    """Return what JSON calls the type of a value."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
