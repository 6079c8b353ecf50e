"""What checks requests in the prediction function: code that fastjsonschema generates from a model's input schema.

The function has no library for schemas: importing one would cost more than all else that it imports.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastjsonschema

from platform_contract import input_schema

_CHECK = fastjsonschema.compile(input_schema.SCHEMA, use_default=False, fast_fail=False)
_ERRORS = Path(fastjsonschema.__file__).with_name("exceptions.py")
"""All that generated code imports of its library."""


def problems(name: str, schema: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an input schema, in sentences that begin with the property's `name`."""
    return [f"{name}: {problem}" for problem in input_schema.problems(schema, _CHECK, files)]


def files(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the modules that check one item of a request, content by file name.

    `input_sizes` refuses arrays that are too long, at the first; `input_errors` finds all that is wrong, and is asked only then:
    a caller who sends a million wrong items gets one error, not a million.
    """
    generated = {
        "input_sizes.py": fastjsonschema.compile_to_code(_sizes(schema), use_default=False),
        "input_errors.py": fastjsonschema.compile_to_code(dict(schema), use_default=False, fast_fail=False),
    }
    for name, code in generated.items():
        exec(compile(code, name, "exec"), {})  # noqa: S102 - as the function will import it
    return {"fastjsonschema.py": _ERRORS.read_text(encoding="utf-8"), **generated}


def _sizes(field: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a schema that bounds how many values there can be."""
    kept = {key: field[key] for key in ("maxItems",) if key in field}
    properties = {name: _sizes(inner) for name, inner in field.get("properties", {}).items()}
    found = {name: inner for name, inner in properties.items() if inner}
    items = _sizes(field["items"]) if "items" in field else {}
    return {**kept, **({"properties": found} if found else {}), **({"items": items} if items else {})}
