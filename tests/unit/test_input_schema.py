"""Input schemas with lists: what the configuration accepts, the prediction function enforces."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.validation import errors_in
from settings.input_schema import check_input_schema, sample_problems

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


def schema(**field: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "array", **field}}}


def test_lists_of_scalars_and_of_objects_are_accepted() -> None:
    check_input_schema(SCHEMA)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (schema(items={"type": "string"}), "an array needs `maxItems`"),
        (schema(maxItems=2), "property a, items: `type` must be one of"),
        (schema(maxItems=2, items={"type": "array", "maxItems": 1, "items": {"type": "string"}}), "not 'array'"),
        (schema(maxItems="2", items={"type": "string"}), "maxItems must be a whole number"),
        (schema(maxItems=2, uniqueItems=1, items={"type": "string"}), "uniqueItems must be true or false"),
        (schema(maxItems=2, contains=1, items={"type": "string"}), "contains would not be enforced"),
        (schema(maxItems=2, items={**RATED, "required": ["name"]}), "`required` names name"),
        (schema(maxItems=2, items={"type": "object", "properties": {"b": schema()}}), "property b: `type` must be one of"),
    ],
)
def test_a_list_that_would_not_be_enforced_is_refused(wrong: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
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
    assert errors_in([instance], SCHEMA) == [{"pointer": f"/instances/0{pointer}", "detail": detail}]
    assert len(sample_problems(instance, SCHEMA)) == 1


scalars = st.none() | st.booleans() | st.integers(-1, 7) | st.floats(-1, 7) | st.sampled_from(["", "a", "b"])
items = st.lists(scalars | st.dictionaries(st.sampled_from(["title", "stars", "x"]), scalars), max_size=4)
instances = st.dictionaries(st.sampled_from(["viewer", "rated", "candidates", "x"]), scalars | items)


@given(instances)
def test_a_sample_is_accepted_exactly_where_the_function_accepts_it(instance: dict[str, Any]) -> None:
    assert bool(sample_problems(instance, SCHEMA)) == bool(errors_in([instance], SCHEMA))
