"""The gate's verdicts: what passes, what does not, and in which words."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import report
from gate.models import CheckRequest, DeployedRequest, parse
from platform_contract.gate import GateRule, Verdict, decide

HIGHER = GateRule("accuracy", minimum=0.85)
LOWER = GateRule("rmse", maximum=20)
BEATS = GateRule("accuracy", minimum=0.5, baseline="baseline_accuracy", min_improvement=0.1)
DEPLOYED = GateRule("accuracy", minimum=0.5, max_regression=0.02)


def evaluation(**metrics) -> str:
    return json.dumps({"metrics": metrics, "model_sha256": "a" * 64})


def verdict(
    rule: GateRule, new: str | None, deployed: str | None = None, failure: str | None = None, version: str = "3"
) -> Verdict:
    return decide(new, deployed, failure, version, [rule])


def says(rule: GateRule, **metrics) -> str:
    return verdict(rule, evaluation(**metrics)).checks[-1].says


@pytest.mark.parametrize(
    ("rule", "value", "passes", "text"),
    [
        (HIGHER, 0.870432, True, "accuracy 0.8704 is at least 0.85"),
        (HIGHER, 0.85, True, "accuracy 0.85 is at least 0.85"),
        (HIGHER, 0.8, False, "accuracy 0.8 is below 0.85"),
        (HIGHER, 0.849999, False, "accuracy 0.849999 is below 0.85"),
        (HIGHER, 1, True, "accuracy 1 is at least 0.85"),
        (LOWER, 12.34567, True, "rmse 12.35 is at most 20"),
        (LOWER, 20, True, "rmse 20 is at most 20"),
        (LOWER, 23456.789, False, "rmse 23457 is above 20"),
        (LOWER, 20.00001, False, "rmse 20.00001 is above 20"),
        (LOWER, -3, True, "rmse -3 is at most 20"),
        (LOWER, 1.5e300, False, "rmse 1.5e+300 is above 20"),
    ],
)
def test_a_bound_is_kept_or_missed_in_numbers_that_show_it(rule: GateRule, value: float, passes: bool, text: str) -> None:
    found = verdict(rule, evaluation(**{rule.metric: value}))
    assert (found.passed, found.checks[0].says) == (passes, text)


@pytest.mark.parametrize(
    ("value", "baseline", "passes", "text"),
    [
        (0.8704, 0.6102, True, "accuracy 0.8704 beats baseline_accuracy 0.6102 by 0.2602, more than 0.1"),
        (0.7, 0.6102, False, "accuracy 0.7 beats baseline_accuracy 0.6102 by 0.0898, not more than 0.1"),
        (0.71, 0.61, False, "accuracy 0.71 beats baseline_accuracy 0.61 by 0.1, not more than 0.1"),
        (0.61, 0.61, False, "accuracy 0.61 does not beat baseline_accuracy 0.61"),
        (0.6, 0.6000001, False, "accuracy 0.6 does not beat baseline_accuracy 0.6000001"),
    ],
)
def test_another_metric_must_be_beaten_by_more_than_the_margin(value: float, baseline: float, passes: bool, text: str) -> None:
    found = verdict(BEATS, evaluation(accuracy=value, baseline_accuracy=baseline))
    assert (found.passed, found.checks[1].says) == (passes, text)


def test_without_a_margin_strictly_better_is_enough() -> None:
    rule = GateRule("rmse", maximum=100, baseline="baseline_rmse")
    assert says(rule, rmse=12, baseline_rmse=12.5) == "rmse 12 beats baseline_rmse 12.5"
    assert not verdict(rule, evaluation(rmse=12.5, baseline_rmse=12.5)).passed
    assert not verdict(rule, evaluation(rmse=13, baseline_rmse=12.5)).passed


@pytest.mark.parametrize(
    ("value", "deployed", "passes", "text"),
    [
        (0.9, 0.87, True, "accuracy 0.9 is better than 0.87 of deployed version 3"),
        (0.87, 0.87, True, "accuracy 0.87 is as good as 0.87 of deployed version 3"),
        (0.85, 0.87, True, "accuracy 0.85 is 0.02 worse than 0.87 of deployed version 3, within the allowed 0.02"),
        (0.8499, 0.87, False, "accuracy 0.8499 is 0.0201 worse than 0.87 of deployed version 3, more than the allowed 0.02"),
        (
            0.84999999,
            0.87,
            False,
            "accuracy 0.85 is 0.02000001 worse than 0.87 of deployed version 3, more than the allowed 0.02",
        ),
    ],
)
def test_a_challenger_may_be_worse_than_the_live_version_by_the_margin(value, deployed, passes, text) -> None:
    found = verdict(DEPLOYED, evaluation(accuracy=value), evaluation(accuracy=deployed))
    assert found.passed == passes
    assert found.checks[1].says == text


def test_lower_is_better_where_the_rule_has_a_maximum() -> None:
    rule = GateRule("rmse", maximum=100, max_regression=0)
    worse = verdict(rule, evaluation(rmse=12.5), evaluation(rmse=12))
    assert (worse.passed, worse.checks[1].says) == (False, "rmse 12.5 is 0.5 worse than 12 of deployed version 3")
    assert verdict(rule, evaluation(rmse=11), evaluation(rmse=12)).passed
    assert worse.checks[1].bound == 12


def test_without_a_live_version_nothing_is_compared() -> None:
    found = verdict(DEPLOYED, evaluation(accuracy=0.6), version="none")
    assert found.passed and [check.check for check in found.checks] == ["minimum"]


@pytest.mark.parametrize(
    ("deployed", "failure", "why"),
    [
        (None, None, "evaluate.py wrote no evaluation.json"),
        (None, "Traceback\n  ImportError: no lightgbm\n", "evaluate.py failed on it: Traceback ImportError: no lightgbm"),
        (evaluation(accuracy=0.1), "boom", "evaluate.py failed on it: boom"),
        (None, "\n", "evaluate.py failed on it: it wrote nothing"),
        (None, "x" * 5000 + " at last", f"evaluate.py failed on it: ...{'x' * 292} at last; to go on"),
        ("{", None, "evaluation.json is not JSON"),
        (evaluation(f1=1), None, "accuracy is missing from the metrics of evaluation.json"),
    ],
)
def test_a_live_version_that_cannot_be_judged_fails_the_comparison_with_the_remedy(deployed, failure, why) -> None:
    found = verdict(DEPLOYED, evaluation(accuracy=0.9), deployed, failure)
    assert not found.passed
    assert [check.holds for check in found.checks] == [True, False]
    assert found.checks[1].says.startswith(f"accuracy could not be compared with deployed version 3: {why}")
    assert found.checks[1].says.endswith("; to go on without it: mlp train --compare-with none (parameter CompareWith=none)")
    assert report.reasons(found) == found.checks[1].says


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "accuracy is null, not a number"),
        ("0.9", 'accuracy is "0.9", not a number'),
        ("é" * 99, f'accuracy is "{"é" * 39}..., not a number'),
        (True, "accuracy is true, not a number"),
        ([0.9], "accuracy is a list, not a number"),
        ({"value": 1}, "accuracy is an object, not a number"),
        (math.nan, "accuracy is NaN, not a finite number"),
        (math.inf, "accuracy is infinite, not a finite number"),
        (-math.inf, "accuracy is infinite, not a finite number"),
        (10**400, "accuracy is too large a number"),
    ],
)
def test_what_is_no_finite_number_fails_every_check_of_its_metric(value: object, text: str) -> None:
    rule = GateRule("accuracy", minimum=0.5, baseline="baseline_accuracy", max_regression=0.02)
    found = verdict(rule, evaluation(accuracy=value, baseline_accuracy=0.5), evaluation(accuracy=0.5))
    assert [(check.holds, check.says) for check in found.checks] == [(False, text)] * 3
    assert report.reasons(found) == text


def test_a_missing_metric_is_named() -> None:
    assert says(HIGHER, f1=1) == "accuracy is missing from the metrics of evaluation.json"
    assert says(BEATS, accuracy=1) == "baseline_accuracy is missing from the metrics of evaluation.json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "evaluate.py wrote no evaluation.json"),
        ("", "evaluation.json is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[" * 100_000, "evaluation.json is not JSON: maximum recursion depth exceeded"),
        ("[1]", "evaluation.json is a list, not an object with metrics"),
        ("7", "evaluation.json is 7, not an object with metrics"),
        ("{}", "evaluation.json has no object called metrics"),
        ('{"metrics": []}', "evaluation.json has no object called metrics"),
    ],
)
def test_an_evaluation_that_cannot_be_read_fails_everything_with_one_sentence(text: str | None, reason: str) -> None:
    found = decide(text, None, None, "3", [BEATS, DEPLOYED])
    assert not any(check.holds for check in found.checks) and found.model_sha256 == "unknown"
    assert report.reasons(found).startswith(reason)


@pytest.mark.parametrize("digest", [None, "A" * 64, "a" * 63, 7, "a" * 64 + "\n"])
def test_a_digest_that_is_none_is_unknown(digest: object) -> None:
    text = json.dumps({"metrics": {"accuracy": 1}, "model_sha256": digest})
    assert verdict(HIGHER, text).model_sha256 == "unknown"
    assert verdict(HIGHER, evaluation(accuracy=1)).model_sha256 == "a" * 64


def test_events_of_the_two_steps_are_read() -> None:
    deployed = {
        "operation": "deployed",
        "group": "g",
        "stack": "",
        "compare_with": "deployed",
        "fallback": "s3://b/k",
        "parameter": "P",
    }
    assert parse(deployed) == DeployedRequest("g", "", "deployed", "s3://b/k", "P")
    for name in deployed:
        with pytest.raises(KeyError, match=name):
            parse({other: value for other, value in deployed.items() if other != name})
    judged = {"operation": "check", "evaluation": "s3://b/e", "deployed_version": "3", "rules": '[{"metric": "a", "maximum": 1}]'}
    assert parse(judged) == CheckRequest("s3://b/e", "3", (GateRule("a", maximum=1),))
    with pytest.raises(ValueError, match=r"CompareWith is 'old'; allowed: deployed, none"):
        parse({**deployed, "compare_with": "old"})
    with pytest.raises(ValueError, match=r"operation is 'guess'; allowed: deployed, check"):
        parse({"operation": "guess"})


number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6)
margin = st.floats(0, 1e6) | st.sampled_from([0, 0.01, 0.1])


@st.composite
def rules(draw: st.DrawFn) -> GateRule:
    bound = {draw(st.sampled_from(["minimum", "maximum"])): draw(number)}
    beats = draw(st.sampled_from([None, "other"]))
    return GateRule(
        "m",
        **bound,
        baseline=beats,
        min_improvement=draw(st.none() | margin) if beats else None,
        max_regression=draw(st.none() | margin),
    )


@given(rule=rules(), one=number, two=number, other=number, deployed=number)
def test_a_better_challenger_never_turns_a_passing_verdict_into_a_failing_one(rule, one, two, other, deployed) -> None:
    worse, better = sorted((one, two), reverse=not rule.higher_is_better)
    first = verdict(rule, evaluation(m=worse, other=other), evaluation(m=deployed))
    second = verdict(rule, evaluation(m=better, other=other), evaluation(m=deployed))
    assert second.passed or not first.passed
    for before, after in zip(first.checks, second.checks, strict=True):
        assert after.holds or not before.holds


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["metrics", "m", "other"]), inner),
    max_leaves=8,
)
document = st.one_of(
    st.none(),
    st.text(),
    anything.map(json.dumps),
    st.dictionaries(st.sampled_from(["m", "other"]), anything).map(lambda metrics: json.dumps({"metrics": metrics})),
)


@given(rule=rules(), new=document, deployed=document, failure=st.none() | st.text(), version=st.sampled_from(["none", "3"]))
def test_whatever_was_written_there_is_a_verdict_that_aws_takes(rule, new, deployed, failure, version) -> None:
    found = decide(new, deployed, failure, version, [rule])
    content = json.loads(report.document(found), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert set(content) == {"passed", "deployed_version", "checks"}
    answer = report.outputs(found)
    assert all(isinstance(value, str) and len(value.encode()) < 6000 for value in answer.values())
    assert content["passed"] == (answer["passed"] == "true") == all(check["holds"] for check in content["checks"])
