"""Conditions and property files of the embedded AWS's pipelines."""

from typing import Any

import pytest

from local_aws.sagemaker.pipelines.conditions import Incomparable, holds
from local_aws.sagemaker.pipelines.paths import Unresolvable, lookup
from tests.unit.pipelines_bench import Bench
from tests.unit.pipelines_steps import compare, condition, get, processing, training

FILE = {"PropertyFileName": "result", "OutputName": "out", "FilePath": "deep/result.json"}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def value(path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": get("Steps.p.PropertyFiles.result"), "Path": path}}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (compare("Equals", 1, 1.0), True),
        (compare("Equals", "1", "2"), False),
        (compare("Equals", True, True), True),
        (compare("GreaterThan", 2, 1.5), True),
        (compare("GreaterThan", 2, 2), False),
        (compare("GreaterThanOrEqualTo", 2, 2), True),
        (compare("LessThan", 1, 2), True),
        (compare("LessThan", 2, 2), False),
        (compare("LessThanOrEqualTo", 2, 2), True),
        (compare("LessThanOrEqualTo", 3, 2), False),
        ({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}, True),
        ({"Type": "In", "QueryValue": 3, "Values": [1, 2]}, False),
        ({"Type": "Not", "Condition": compare("Equals", 1, 2)}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), {"Type": "Not", "Condition": compare("LessThan", 2, 1)}]}, True),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, 2), compare("Equals", 1, 3)]}, False),
    ],
)
def test_every_type_of_condition_is_judged(one: dict[str, Any], expected: bool) -> None:
    assert holds(one, lambda side: side) is expected


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (compare("Equals", "1", 1), r"'1' \(string\) and 1 \(number\) cannot be compared with Equals"),
        (compare("LessThan", "a", 1), "cannot be compared with LessThan"),
        (compare("Equals", True, 1), r"True \(boolean\) and 1 \(number\)"),
        (compare("GreaterThan", True, False), "cannot be compared with GreaterThan"),
        (compare("GreaterThanOrEqualTo", float("nan"), 0.5), "nan is not a finite number"),
        (compare("LessThan", 0.5, float("inf")), "inf is not a finite number"),
        (compare("Equals", {"a": 1}, 1), r"\{'a': 1\} \(dict\)"),
        (compare("Equals", None, None), "NoneType"),
        ({"Type": "In", "QueryValue": "b", "Values": ["b", 2]}, "cannot be compared with Equals"),
    ],
)
def test_what_cannot_be_compared_is_a_reason_and_no_verdict(one: dict[str, Any], message: str) -> None:
    with pytest.raises(Incomparable, match=message):
        holds(one, lambda side: side)


def run(bench: Bench, one: Any, content: bytes | None) -> dict[str, Any]:
    bench.processing.held = {"p"}
    bench.create(processing("p", PropertyFiles=[FILE]), condition("gate", one, then=[training("t")]))
    arn = bench.start()
    if content is not None:
        bench.files[f"s3://b/p/{arn.rpartition('/')[2]}/deep/result.json"] = content
    bench.processing.release("p")
    return bench.ended(arn)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("metrics.auc", 0.9),
        ("metrics['auc']", 0.9),
        ('$.metrics["auc"]', 0.9),
        ("folds[1].auc", 0.7),
        ("$['folds'][0]['auc']", 0.8),
    ],
)
def test_values_of_a_property_file_are_found_by_their_path(bench: Bench, path: str, expected: float) -> None:
    content = b'{"metrics": {"auc": 0.9}, "folds": [{"auc": 0.8}, {"auc": 0.7}]}'
    assert run(bench, compare("Equals", value(path), expected), content)["PipelineExecutionStatus"] == "Succeeded"
    assert bench.training.steps() == ["t"]


@pytest.mark.parametrize(
    ("content", "path", "expected"),
    [
        (b"nonsense", "a", "is not JSON"),
        (b'{"a": NaN}', "a", "is not JSON: NaN is not a JSON value"),
        (b'{"a": -Infinity}', "a", "-Infinity is not a JSON value"),
        (b'{"a": 1, "c": 2}', "b", "there is no 'b'; there is a, c"),
        (b'{"a": [1]}', "a[1]", "there is no [1], the list has 1 elements"),
        (b'{"a": 1}', "a[0]", "[0] asks for an element of a list, but there is a number"),
        (b'{"a": "1"}', "a", "'1' (string) and 0.5 (number) cannot be compared"),
        (b'{"a": null}', "a", "NoneType"),
        (None, "a", "NoSuchKey"),
    ],
)
def test_a_property_file_without_the_value_fails_the_condition_with_a_reason(
    bench: Bench, content: bytes | None, path: str, expected: str
) -> None:
    ended = run(bench, compare("GreaterThan", value(path), 0.5), content)
    assert ended["PipelineExecutionStatus"] == "Failed"
    assert "gate: " in ended["FailureReason"] and expected in ended["FailureReason"]
    assert bench.training.steps() == []


def test_a_file_named_by_its_place_can_be_read_as_well(bench: Bench) -> None:
    bench.files["s3://b/result.json"] = b'{"auc": 0.9}'
    read = {"Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://b", "result.json"]}}, "Path": "auc"}}
    bench.run(condition("gate", compare("GreaterThan", read, 0.5), then=[training("t")]))
    assert bench.training.steps() == ["t"]


def test_elements_of_a_list_are_found_by_their_own_name() -> None:
    outputs = {"Outputs": [{"OutputName": "a", "S3Uri": "s3://a"}, {"OutputName": "b", "S3Uri": "s3://b"}]}
    assert lookup(outputs, "Outputs['b'].S3Uri", "x") == "s3://b"
    with pytest.raises(Unresolvable, match="x: there is no 'c'; there is a, b"):
        lookup(outputs, "Outputs['c'].S3Uri", "x")


@pytest.mark.parametrize("path", ["", "$", ".a", "a..b", "a.", "a[", "a[x]", "a[-1]", "a['b", "a[0]b", "$a"])
def test_what_is_no_path_is_told(path: str) -> None:
    with pytest.raises(Unresolvable, match="path"):
        lookup({"a": [{"b": 1}]}, path, "x")
