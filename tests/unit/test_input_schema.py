"""Input schemas with lists: what the configuration accepts, the prediction function enforces."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_platform.serving import input_validator
from settings.input_schema import check_input_schema, sample_problems
from tests.lambda_support import request_validator

RATED = {
    "type": "object",
    "required": ["title"],
    "additionalProperties": False,
    "properties": {"title": {"type": "string", "minLength": 1}, "stars": {"type": "number", "minimum": 0.5, "maximum": 5}},
}
SCHEMA = {
    "type": "object",
    "required": ["candidates"],
    "additionalProperties": False,
    "properties": {
        "viewer": {"type": "integer", "minimum": 1},
        "rated": {"type": "array", "items": RATED, "maxItems": 3},
        "candidates": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
    },
}

errors_in = request_validator(SCHEMA)


def schema(**field: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "array", **field}}}


def test_lists_of_scalars_and_of_objects_are_accepted() -> None:
    check_input_schema(SCHEMA)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (schema(items={"type": "string"}), "properties.a.maxItems is required, but missing"),
        (schema(maxItems=2), "properties.a.items is required, but missing"),
        (schema(maxItems=2, items={"type": "array", "items": {"type": "string"}}), "properties.a.items.maxItems is required"),
        (schema(maxItems="2", items={"type": "string"}), "properties.a.maxItems must be of type integer, got string"),
        (schema(maxItems=2, uniqueItems=1, items={"type": "string"}), "uniqueItems must be of type boolean, got integer"),
        (schema(maxItems=2, contains=1, items={"type": "string"}), "properties.a.contains is not known; known are type, title"),
        (schema(maxItems=2, items={**RATED, "required": ["name"]}), "properties.a.items.required names 'name'"),
        (schema(maxItems=2, items={"$ref": "#"}), "properties.a.items.type is required, but missing"),
        (schema(maxItems=2, items={"type": "strin"}), "type must be one of array, array or null, boolean"),
        (schema(maxItems=2, items={"type": ["string", "number"]}), "got ['string', 'number']"),
        (schema(maxItems=2, items={"type": "string", "pattern": "("}), "pattern must be a regex, got '('"),
        (schema(maxItems=2, items={"type": "string", "format": "e-mail"}), "format must be one of date, date-time, email"),
        (schema(maxItems=2, items={"type": "number", "enum": []}), "enum must have at least 1 items, got 0"),
        ({"type": "array"}, "type must be object, got 'array'"),
        ({"type": "object", "properties": {}}, "properties must have at least 1 properties"),
        ({"type": ["object", "null"], "properties": {"a": {"type": "number"}}}, "type must be object"),
        ([], "must be an object, got array"),
    ],
)
def test_what_would_not_be_enforced_is_refused(wrong: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        check_input_schema(wrong)


@pytest.mark.parametrize(
    ("instance", "pointer", "detail"),
    [
        ({"candidates": []}, "/candidates", "must have at least 1 items, got 0"),
        ({"candidates": ["a", "b", "c", "d"]}, "/candidates", "must have at most 3 items, got 4"),
        ({"candidates": ["a", "a"]}, "/candidates", "must not have equal items"),
        ({"candidates": "a"}, "/candidates", "must be of type array, got string"),
        ({"candidates": ["a", 1]}, "/candidates/1", "must be of type string, got integer"),
        ({"candidates": ["a"], "rated": [{"stars": 1}]}, "/rated/0/title", "is required, but missing"),
        ({"candidates": ["a"], "rated": [{"title": "b", "stars": 6}]}, "/rated/0/stars", "must be at most 5, got 6"),
        ({"candidates": ["a"], "rated": [{"title": "b", "x": 6}]}, "/rated/0/x", "is not known; known are title, stars"),
        ({"candidates": ["a"], "rated": ["b"]}, "/rated/0", "must be an object, got string"),
    ],
)
def test_an_item_that_does_not_fit_is_told_with_its_place(instance: dict[str, Any], pointer: str, detail: str) -> None:
    assert errors_in([instance]) == [{"pointer": f"/instances/0{pointer}", "detail": detail}]
    assert len(sample_problems(instance, SCHEMA)) == 1


scalars = st.none() | st.booleans() | st.integers(-1, 7) | st.floats(-1, 7) | st.sampled_from(["", "a", "b"])
items = st.lists(scalars | st.dictionaries(st.sampled_from(["title", "stars", "x"]), scalars), max_size=4)
instances = st.dictionaries(st.sampled_from(["viewer", "rated", "candidates", "x"]), scalars | items)


@given(instances)
def test_a_sample_is_accepted_exactly_where_the_function_accepts_it(instance: dict[str, Any]) -> None:
    assert bool(sample_problems(instance, SCHEMA)) == bool(errors_in([instance]))


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = {"type": "object", "properties": {"a": {"type": "number", "minimun": 1}, "b": {"type": "strin"}}, "required": 7}
    with pytest.raises(ValueError, match=r"properties\.a\.minimun is not known.*; properties\.b\.type .*; required must be"):
        check_input_schema(wrong)


RICH = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "age": {"type": ["integer", "null"], "exclusiveMinimum": 0},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "day": {"type": "string", "format": "date"},
        "size": {"type": "number", "enum": [1, 2.5]},
        "a.b[0]": {"type": "number", "maximum": 1},
        "a/b~c": {"type": "number", "maximum": 1},
        "home": {
            "type": "object",
            "required": ["at"],
            "properties": {"at": {"type": "array", "maxItems": 2, "items": {"type": "number"}}},
        },
    },
}


@pytest.mark.parametrize(
    ("instance", "pointer", "detail"),
    [
        ({"age": 0}, "/age", "must be more than 0, got 0"),
        ({"age": "x"}, "/age", "must be of type integer or null, got string"),
        ({"code": "abc"}, "/code", "must match the pattern ^[A-Z]{2}$"),
        ({"day": "2026-02-30"}, "/day", "must be a date, got '2026-02-30'"),
        ({"size": 2}, "/size", "must be one of 1, 2.5, got 2"),
        ({"a.b[0]": 2}, "/a.b[0]", "must be at most 1, got 2"),
        ({"a/b~c": 2}, "/a~1b~0c", "must be at most 1, got 2"),
        ({"home": {}}, "/home/at", "is required, but missing"),
        ({"home": {"at": [1, 2, 3]}}, "/home/at", "must have at most 2 items, got 3"),
        ({"home": {"at": [1, "x"]}}, "/home/at/1", "must be of type number, got string"),
    ],
)
def test_keywords_of_every_kind_are_enforced(instance: dict[str, Any], pointer: str, detail: str) -> None:
    check_input_schema(RICH)
    assert request_validator(RICH)([instance]) == [{"pointer": f"/instances/0{pointer}", "detail": detail}]
    assert request_validator(RICH)([{"age": None, "code": "DE", "day": "2026-02-28", "size": 2.5, "home": {"at": []}}]) == []


def test_a_list_that_is_too_long_is_one_error_however_wrong_its_items_are() -> None:
    assert len(errors_in([{"candidates": [1] * 100_000, "viewer": "x"}])) == 1


@pytest.mark.parametrize(
    ("instance", "pointer"),
    [
        ({"home": {"at": [1, "x"]}, "home.at[1]": 5, "home.at": 5}, "/home/at/1"),
        ({"home": {"at": "x"}, "home.at": 5}, "/home/at"),
        ({"a.b[0]": 2, "a": {"b": [2]}}, "/a.b[0]"),
    ],
)
def test_names_that_a_caller_makes_up_lead_nowhere_else(instance: dict[str, Any], pointer: str) -> None:
    schema = {**RICH, "additionalProperties": True}
    (error,) = request_validator(schema)([instance])
    assert error["pointer"] == f"/instances/0{pointer}"


def test_an_answer_stays_short_however_much_is_wrong() -> None:
    unknown = {f"key-{number}": 1 for number in range(100_000)}
    found = request_validator(RICH)([{**unknown, "size": "x" * 5_000_000, "day": "y" * 5_000_000}] * 3)
    assert len(found) == 20 and len(str(found)) < 20_000
    many = {"type": "object", "properties": {"a": {"type": "string", "enum": [f"choice-{n}" for n in range(10_000)]}}}
    (error,) = request_validator(many)([{"a": "z" * 1_000_000}])
    assert "and 9970 more, got 'zzz" in error["detail"] and len(error["detail"]) < 1000


def field(**keywords: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": keywords}}


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "number"}
    for _ in range(levels):
        inner = {"type": "array", "maxItems": 2, "items": inner}
    return field(**inner)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (field(type="number", maximum=float("inf")), "properties.a.maximum must be finite, got inf; leave a bound out instead"),
        (field(type="number", enum=[1, float("nan")]), "properties.a.enum.1 must be finite, got nan"),
        (field(type="string", pattern="^[$€][0-9]+$"), "cannot be checked: bad escape"),
        (nested(25), "is nested too deeply"),
        (
            {"type": "object", "properties": {True: {"type": "number"}}},
            "properties.True is a name of type boolean; write it in quotes",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a", "a"]},
            "required must not have equal items",
        ),
    ],
)
def test_what_the_generated_code_could_not_check_is_refused_at_load(wrong: dict[Any, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        check_input_schema(wrong)
    assert any(expected in problem for problem in input_validator.problems("contract.input_schema", wrong))


def test_levels_that_the_code_can_check_are_accepted() -> None:
    check_input_schema(nested(10))
    assert request_validator(nested(3))([{"a": [[["x"]]]}])[0]["pointer"] == "/instances/0/a/0/0/0"
