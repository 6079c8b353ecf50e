"""Real events and a small input schema for the functions' tests."""

import json
from pathlib import Path
from typing import Any

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
