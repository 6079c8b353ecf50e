"""Which JSON Schemas the prediction function can enforce: an object of scalars, and of arrays of scalars or of such objects.

The function validates on the request path with the standard library only; a keyword that it would ignore is refused here.
"""

from collections.abc import Iterator
from typing import Any

_KEYWORDS = {
    "number": {"minimum", "maximum"},
    "integer": {"minimum", "maximum"},
    "string": {"minLength", "maxLength", "enum"},
    "boolean": set[str](),
}
_ARRAY = {"items", "minItems", "maxItems", "uniqueItems"}
_ANNOTATIONS = {"type", "description", "title"}
_OBJECT = {"type", "properties", "required", "additionalProperties", "title", "description"}


def check_input_schema(schema: dict[str, Any]) -> None:
    """Raise ValueError where `schema` says something that the prediction function does not enforce."""
    if not _has_properties(schema):
        raise ValueError("must be `type: object` with at least one of `properties`; describe one item of a request")
    _check_object("input_schema", schema, arrays=True)


def _has_properties(schema: Any) -> bool:
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return False
    return isinstance(schema.get("properties"), dict) and bool(schema["properties"])


def _check_object(where: str, schema: dict[str, Any], *, arrays: bool) -> None:
    _refuse_unknown(where, set(schema), _OBJECT)
    missing = sorted(set(schema.get("required", [])) - set(schema["properties"]))
    if missing:
        raise ValueError(f"{where}: `required` names {', '.join(missing)}, which `properties` does not have; add or remove it")
    for name, field in schema["properties"].items():
        _check_field(f"property {name}", field, arrays=arrays)


def _check_field(where: str, field: Any, *, arrays: bool) -> None:
    kind = field.get("type") if isinstance(field, dict) else None
    if kind == "array" and arrays:
        _check_array(where, field)
        return
    if kind not in _KEYWORDS:
        allowed = [*_KEYWORDS, *(["array"] if arrays else [])]
        raise ValueError(f"{where}: `type` must be one of {', '.join(sorted(allowed))}, not {kind!r}")
    _refuse_unknown(where, set(field), _ANNOTATIONS | _KEYWORDS[kind])
    for keyword in sorted(_KEYWORDS[kind] & set(field)):
        _check_keyword(where, keyword, field[keyword])


def _check_array(where: str, field: dict[str, Any]) -> None:
    _refuse_unknown(where, set(field), _ANNOTATIONS | _ARRAY)
    if "maxItems" not in field:
        raise ValueError(f"{where}: an array needs `maxItems`, so that a request has a largest size; give one")
    for keyword in ("minItems", "maxItems", "uniqueItems"):
        if keyword in field:
            _check_keyword(where, keyword, field[keyword])
    items: Any = field.get("items")
    if _has_properties(items):
        _check_object(f"{where}, items", items, arrays=False)
    else:
        _check_field(f"{where}, items", items, arrays=False)


def _check_keyword(where: str, keyword: str, value: Any) -> None:
    if keyword == "enum":
        right = isinstance(value, list) and bool(value) and all(isinstance(choice, str) for choice in value)
        wanted = "a list of strings"
    elif keyword == "uniqueItems":
        right, wanted = isinstance(value, bool), "true or false"
    elif keyword in ("minimum", "maximum"):
        right, wanted = _is("number", value), "a number"
    else:
        right, wanted = _is("integer", value) and value >= 0, "a whole number of at least 0"
    if not right:
        raise ValueError(f"{where}: {keyword} must be {wanted}, got {value!r}")


def _refuse_unknown(where: str, got: set[str], known: set[str]) -> None:
    unknown = sorted(got - known)
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} would not be enforced; allowed: {', '.join(sorted(known))}")


def sample_problems(sample: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return why `sample` is not one item that the prediction function would accept."""
    return list(_of_object("", sample, schema))


def _of_object(prefix: str, sample: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    properties = schema["properties"]
    yield from (f"{prefix}{name} is required, but missing" for name in schema.get("required", []) if name not in sample)
    for name, value in sample.items():
        if name in properties:
            yield from _of_value(f"{prefix}{name}", value, properties[name])
        else:
            yield f"{prefix}{name} is not in the input schema"


def _of_value(name: str, value: Any, field: dict[str, Any]) -> Iterator[str]:
    if not _is(field["type"], value):
        yield f"{name} must be of type {field['type']}, got {value!r}"
        return
    size = len(value) if isinstance(value, str | list | dict) else value
    for keyword in ("minimum", "minLength", "minItems"):
        if size < field.get(keyword, size):
            yield f"{name} is below its {keyword} {field[keyword]}, got {value!r}"
    for keyword in ("maximum", "maxLength", "maxItems"):
        if size > field.get(keyword, size):
            yield f"{name} is above its {keyword} {field[keyword]}, got {value!r}"
    if value not in field.get("enum", [value]):
        yield f"{name} must be one of {field['enum']}, got {value!r}"
    if isinstance(value, list):
        yield from _of_items(name, value, field)
    if isinstance(value, dict):
        yield from _of_object(f"{name}.", value, field)


def _of_items(name: str, values: list[Any], field: dict[str, Any]) -> Iterator[str]:
    if field.get("uniqueItems") and any(value in values[:index] for index, value in enumerate(values)):
        yield f"{name} has equal items, got {values!r}"
    for index, value in enumerate(values):
        yield from _of_value(f"{name}[{index}]", value, field["items"])


def _is(kind: str, value: Any) -> bool:
    types: dict[str, tuple[type, ...]] = {
        "number": (int, float),
        "integer": (int,),
        "string": (str,),
        "boolean": (bool,),
        "array": (list,),
        "object": (dict,),
    }
    return isinstance(value, types[kind]) and (kind == "boolean" or not isinstance(value, bool))
