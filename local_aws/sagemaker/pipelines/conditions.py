"""Conditions of a Condition step: the eight types of AWS, checked when the definition is accepted, judged when it runs.

Source: https://sagemaker.readthedocs.io/en/stable/amazon_sagemaker_model_building_pipeline.html#conditions
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local_aws.sagemaker.pipelines.expressions import is_expression

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: bool(left == right),
    "GreaterThan": lambda left, right: bool(left > right),
    "GreaterThanOrEqualTo": lambda left, right: bool(left >= right),
    "LessThan": lambda left, right: bool(left < right),
    "LessThanOrEqualTo": lambda left, right: bool(left <= right),
}
KEYS = {
    **dict.fromkeys(COMPARE, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}
"""Per type: the properties that a condition must have besides Type, and no others."""


class Incomparable(Exception):
    """Two values cannot be compared; the text names both."""


def problems(condition: Any) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with one condition."""
    kind = condition.get("Type") if isinstance(condition, Mapping) else condition
    if not isinstance(condition, Mapping) or not isinstance(kind, str) or kind not in KEYS:
        yield f"condition type {kind!r} is not one of {', '.join(KEYS)}"
        return
    for key in sorted(set(condition) - {"Type", *KEYS[kind]}):
        yield f"{kind} condition: cannot parse object, unknown property {key!r}; known are Type, {', '.join(KEYS[kind])}"
    missing = [key for key in KEYS[kind] if key not in condition]
    if missing:
        yield f"{kind} condition: {', '.join(missing)} must be given"
    else:
        yield from _inside(kind, condition)


def _inside(kind: str, condition: Mapping[str, Any]) -> Iterator[str]:
    if kind == "Not":
        yield from problems(condition["Condition"])
        return
    plural = condition.get("Conditions" if kind == "Or" else "Values", [0])
    if not isinstance(plural, list) or not plural:
        yield f"{kind} condition: {KEYS[kind][-1]} must be a list of at least one element"
    elif kind == "Or":
        for inner in plural:
            yield from problems(inner)
    else:
        sides = [condition["QueryValue"], *plural] if kind == "In" else [condition["LeftValue"], condition["RightValue"]]
        for side in sides:
            if not is_expression(side) and (side is None or isinstance(side, (dict, list))):
                yield f"{kind} condition: {side!r} is neither a string, a number, a boolean nor an expression"


def holds(condition: Mapping[str, Any], resolve: Callable[[Any], Any]) -> bool:
    """Return whether `condition` is true, with its expressions replaced by `resolve`.

    Raises
    ------
    Incomparable
        If two values are of different types, or one is not a number that compares (NaN).
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"], resolve)
    if kind == "Or":
        return any(holds(inner, resolve) for inner in condition["Conditions"])
    if kind == "In":
        query = resolve(condition["QueryValue"])
        # Every value is compared, so that one of another type is told even behind one that is equal.
        return sum(_compared("Equals", query, resolve(value)) for value in condition["Values"]) > 0
    return _compared(kind, resolve(condition["LeftValue"]), resolve(condition["RightValue"]))


def _compared(kind: str, left: Any, right: Any) -> bool:
    for value in (left, right):
        if isinstance(value, float) and not math.isfinite(value):
            raise Incomparable(f"{left!r} and {right!r} cannot be compared with {kind}: {value!r} is not a finite number")
    if _type(left) is None or _type(left) != _type(right) or (_type(left) == "boolean" and kind != "Equals"):
        described = " and ".join(f"{value!r} ({_type(value) or type(value).__name__})" for value in (left, right))
        raise Incomparable(f"{described} cannot be compared with {kind}")
    return COMPARE[kind](left, right)


def _type(value: Any) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else None
