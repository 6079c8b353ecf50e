"""Paths into what a step left behind: `ModelArtifacts.S3ModelArtifacts`, `Outputs['train'].S3Output`, `metrics.folds[0].auc`.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html, "Data dependency between steps".
"""

import re
from collections.abc import Iterator
from typing import Any

_PART = re.compile(r"""(?P<dot>\.)?(?P<key>[^.\[\]'"]+)|\[(?P<quote>['"])(?P<name>.+?)(?P=quote)\]|\[(?P<index>\d+)\]""")


class Unresolvable(Exception):
    """An expression has no value; the text says which and why."""


def parts(path: str) -> list[str | int]:
    """Return the keys (str) and indices (int, from 0) of `path`; a leading `$`, JSONPath's root, is allowed.

    Raises
    ------
    ValueError
        If `path` is not of that form.
    """
    found: list[str | int] = []
    rest = path.removeprefix("$")
    while rest:
        match = _PART.match(rest)
        within = bool(found) or path.startswith("$")
        if match is None or (match["key"] and bool(match["dot"]) != within):
            raise ValueError(f"{path!r} is not a path; write keys with dots, indices in brackets, as in metrics.folds[0].auc")
        found.append(int(match["index"]) if match["index"] else match["key"] or match["name"])
        rest = rest[match.end() :]
    if not found:
        raise ValueError(f"{path!r} is an empty path")
    return found


def lookup(value: Any, path: str, reference: str) -> Any:
    """Return what lies at `path` in `value`; `reference` names it in errors.

    Raises
    ------
    Unresolvable
        If nothing lies there, or `path` is no path.
    """
    try:
        steps = parts(path)
    except ValueError as error:
        raise Unresolvable(f"{reference}: {error}") from None
    for part in steps:
        value = _indexed(value, part, reference) if isinstance(part, int) else _named(value, part, reference)
    return value


def _indexed(value: Any, index: int, reference: str) -> Any:
    if not isinstance(value, list):
        raise Unresolvable(f"{reference}: [{index}] asks for an element of a list, but there is {_kind(value)}")
    if index >= len(value):
        raise Unresolvable(f"{reference}: there is no [{index}], the list has {len(value)} elements")
    return value[index]


def _named(value: Any, name: str, reference: str) -> Any:
    """Return the member called `name`: lists are addressed by their elements' own name field."""
    if isinstance(value, dict) and name in value:
        return value[name]
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict) and any(key.endswith("Name") and found == name for key, found in item.items()):
            return item
    known = ", ".join(map(str, _names(value))) or "nothing"
    raise Unresolvable(f"{reference}: there is no {name!r}; there is {known}")


def _names(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            yield from (found for key, found in item.items() if key.endswith("Name"))


def _kind(value: Any) -> str:
    return {dict: "an object", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
