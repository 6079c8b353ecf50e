"""Input schemas and samples as they stand in a model's file."""

from typing import Any

import fastjsonschema

from platform_contract import input_schema

_CHECK = fastjsonschema.compile(input_schema.SCHEMA, use_default=False, fast_fail=False)


def check_input_schema(schema: Any) -> None:
    """Raise ValueError where `schema` says something that the prediction function does not enforce."""
    found = input_schema.problems(schema, _CHECK, _compiled)
    if found:
        raise ValueError("; ".join(found))


def sample_problems(sample: Any, schema: dict[str, Any]) -> list[str]:
    """Return why `sample` is not one item that the prediction function would accept."""
    return input_schema.sample_problems(sample, _compiled(schema))


def _compiled(schema: Any) -> Any:
    return fastjsonschema.compile(schema, use_default=False, fast_fail=False)
