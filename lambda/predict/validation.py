"""Checks a request with the code that was generated from the model's input schema when the function was built."""

from itertools import islice
from typing import Any

import input_errors
import input_sizes

from platform_contract import schema_errors

MAX_ERRORS = 20


def errors_in(instances: list[Any]) -> list[dict[str, str]]:
    """Return what is wrong with `instances`, each with a JSON pointer (RFC 6901); the first MAX_ERRORS."""
    found = (
        {"pointer": "".join(f"/{_escaped(part)}" for part in ("instances", index, *place)), "detail": detail}
        for index, instance in enumerate(instances)
        for place, detail in _errors(instance)
    )
    return list(islice(found, MAX_ERRORS))


def _errors(instance: Any) -> list[tuple[schema_errors.Place, str]]:
    too_long = schema_errors.errors(instance, input_sizes.validate, MAX_ERRORS)
    return too_long or schema_errors.errors(instance, input_errors.validate, MAX_ERRORS)


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
