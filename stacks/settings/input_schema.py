"""Which JSON Schemas the prediction function can enforce: one flat object of scalars.

The function validates on the request path with the standard library only; a keyword that it would ignore is refused here.
"""

from typing import Any

_SCALARS = {"number", "integer", "string", "boolean"}
_KEYWORDS = {
    "number": {"minimum", "maximum"},
    "integer": {"minimum", "maximum"},
    "string": {"minLength", "maxLength", "enum"},
    "boolean": set[str](),
}
_ANNOTATIONS = {"type", "description", "title"}
_OBJECT = {"type", "properties", "required", "additionalProperties", "title", "description"}


def check_input_schema(schema: dict[str, Any]) -> None:
    """Raise ValueError where `schema` says something that the prediction function does not enforce."""
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict) or not schema["properties"]:
        raise ValueError("must be `type: object` with at least one of `properties`; describe one item of a request")
    _refuse_unknown("input_schema", set(schema), _OBJECT)
    missing = sorted(set(schema.get("required", [])) - set(schema["properties"]))
    if missing:
        raise ValueError(f"`required` names {', '.join(missing)}, which `properties` does not have; add or remove it")
    for name, field in schema["properties"].items():
        _check_field(name, field)


def sample_problems(sample: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return why `sample` is not one item that the prediction function would accept."""
    properties = schema["properties"]
    missing = [f"{name} is required, but missing" for name in schema.get("required", []) if name not in sample]
    unknown = [f"{name} is not in the input schema" for name in sample if name not in properties]
    wrong = [_wrong(name, value, properties[name]) for name, value in sample.items() if name in properties]
    return [*missing, *unknown, *filter(None, wrong)]


def _wrong(name: str, value: Any, field: dict[str, Any]) -> str:
    if not _is(field["type"], value):
        return f"{name} must be of type {field['type']}, got {value!r}"
    size = len(value) if isinstance(value, str) else value
    if size < field.get("minimum", field.get("minLength", size)):
        return f"{name} is below its minimum, got {value!r}"
    if size > field.get("maximum", field.get("maxLength", size)):
        return f"{name} is above its maximum, got {value!r}"
    return f"{name} must be one of {field['enum']}, got {value!r}" if value not in field.get("enum", [value]) else ""


def _is(kind: str, value: Any) -> bool:
    types: dict[str, tuple[type, ...]] = {"number": (int, float), "integer": (int,), "string": (str,), "boolean": (bool,)}
    return isinstance(value, types[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_field(name: str, field: Any) -> None:
    kind = field.get("type") if isinstance(field, dict) else None
    if kind not in _SCALARS:
        raise ValueError(f"property {name}: `type` must be one of {', '.join(sorted(_SCALARS))}, not {kind!r}")
    _refuse_unknown(f"property {name}", set(field), _ANNOTATIONS | _KEYWORDS[kind])
    for keyword in sorted(_KEYWORDS[kind] & set(field)):
        _check_keyword(name, keyword, field[keyword])


def _check_keyword(name: str, keyword: str, value: Any) -> None:
    if keyword == "enum":
        right = isinstance(value, list) and bool(value) and all(isinstance(choice, str) for choice in value)
        wanted = "a list of strings"
    elif keyword in ("minimum", "maximum"):
        right, wanted = _is("number", value), "a number"
    else:
        right, wanted = _is("integer", value) and value >= 0, "a whole number of at least 0"
    if not right:
        raise ValueError(f"property {name}: {keyword} must be {wanted}, got {value!r}")


def _refuse_unknown(where: str, got: set[str], known: set[str]) -> None:
    unknown = sorted(got - known)
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} would not be enforced; allowed: {', '.join(sorted(known))}")
