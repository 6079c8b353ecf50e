"""JSON as its standard has it."""

import json
from typing import Any


def strict_json(text: bytes | str) -> Any:
    """Return what JSON `text` says; Python's own reader takes NaN and Infinity as well, which JSON does not know.

    Raises
    ------
    ValueError
        Saying what is wrong with the text.
    """
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
