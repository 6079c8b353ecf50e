"""Real events and a small input schema for the functions' tests."""

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from ml_platform.serving import input_validator

EVENTS = Path(__file__).parent / "lambda/events"
SCHEMA = {
    "type": "object",
    "required": ["crl_tot"],
    "additionalProperties": False,
    "properties": {
        "crl_tot": {"type": "number", "minimum": 1},
        "dollar": {"type": "number", "minimum": 0, "maximum": 100},
        "bang": {"type": "number"},
        "lang": {"type": "string", "enum": ["en", "de"], "maxLength": 2},
        "seen": {"type": "boolean"},
        "count": {"type": "integer"},
    },
}


def event(name: str) -> dict[str, Any]:
    """Return a real event."""
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def request_validator(schema: dict[str, Any]) -> Callable[[list[Any]], list[dict[str, str]]]:
    """Return the prediction function's own check of instances, with the code that is generated from `schema`."""
    generated = {}
    for file, code in input_validator.files(schema).items():
        module = ModuleType(file.removesuffix(".py"))
        exec(code, module.__dict__)
        generated[module.__name__] = module
    generated.pop("fastjsonschema")
    with patch.dict(sys.modules, generated):
        sys.modules.pop("predict.validation", None)
        check: Callable[[list[Any]], list[dict[str, str]]] = importlib.import_module("predict.validation").errors_in
    sys.modules.pop("predict.validation", None)
    return check
