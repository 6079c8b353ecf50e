"""Step caching of the embedded AWS: what makes a step run again, and what it takes over."""

import json
from datetime import timedelta
from typing import Any

import pytest

from local_aws import clock
from local_aws.sagemaker.pipelines import step_cache
from tests.unit.pipelines_bench import Bench
from tests.unit.pipelines_steps import FUNCTION, answering, definition, function, get, processing, refusal, training

CACHED = {"Enabled": True, "ExpireAfter": "P30D"}
URI = "Steps.p.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"
FILE = {"PropertyFileName": "result", "OutputName": "out", "FilePath": "result.json"}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def pair(**more: Any) -> list[dict[str, Any]]:
    return [processing("p", CacheConfig=CACHED, **more), training("t", source=get(URI), CacheConfig=CACHED)]


def again(bench: Bench, *steps: dict[str, Any]) -> str:
    """Run the pipeline once more, with another definition where one is given."""
    if steps:
        bench.call("UpdatePipeline", PipelineName="spam", PipelineDefinition=json.dumps(definition(*steps)))
    arn = bench.start()
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    return arn


def source(bench: Bench, arn: str, step: str) -> str | None:
    found: dict[str, str] = bench.steps(arn)[step].get("CacheHitResult", {})
    return found.get("SourcePipelineExecutionArn")


def age(bench: Bench, arn: str, **by: float) -> None:
    """Make the steps of an execution older."""
    for record in bench.store.kinds["pipeline-execution"].values():
        if record["PipelineExecutionArn"] == arn:
            for entry in record["steps"]:
                entry["EndTime"] -= timedelta(**by)


def test_an_unchanged_step_takes_over_the_earlier_job_with_its_properties(bench: Bench) -> None:
    first = bench.run(*pair())["PipelineExecutionArn"]
    second = again(bench)
    assert bench.processing.steps() == ["p"] and bench.training.steps() == ["t"]
    for step in ("p", "t"):
        assert source(bench, first, step) is None and source(bench, second, step) == first
        assert bench.steps(second)[step]["Metadata"] == bench.steps(first)[step]["Metadata"]


def test_steps_after_a_taken_over_one_see_the_earlier_jobs_outputs_and_property_files(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering()
    value = {"Std:JsonGet": {"PropertyFile": get("Steps.p.PropertyFiles.result"), "Path": "auc"}}
    steps = [processing("p", PropertyFiles=[FILE], CacheConfig=CACHED), function("tell", {"uri": get(URI), "auc": value})]
    bench.create(*steps)
    bench.read = lambda _uri: b'{"auc": 0.9}'
    arns = []
    for _ in range(2):
        arns.append(bench.start())
        assert bench.ended(arns[-1])["PipelineExecutionStatus"] == "Succeeded"
    told = {"uri": f"s3://b/p/{arns[0].rpartition('/')[2]}", "auc": 0.9}
    assert [event for _, _, event in bench.invoked] == [told, told]


def test_without_the_configuration_every_execution_runs_its_steps(bench: Bench) -> None:
    bench.run(processing("p"), training("t", CacheConfig={"Enabled": False}))
    again(bench)
    assert bench.processing.steps() == ["p", "p"] and bench.training.steps() == ["t", "t"]


ROLE = "arn:aws:iam::111122223333:role/another-of-some-length"
TRAINING = {
    "AlgorithmSpecification": {"TrainingImage": "image:2", "TrainingInputMode": "File"},
    "CheckpointConfig": {"S3Uri": "s3://b/checkpoints"},
    "DebugHookConfig": {"S3OutputPath": "s3://b/debug"},
    "DebugRuleConfigurations": [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}],
    "Environment": {"A": "1"},
    "HyperParameters": {"rate": "0.1"},
    "InputDataConfig": [
        {"ChannelName": "other", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/x"}}}
    ],
}
PROCESSING = {
    "AppSpecification": {"ImageUri": "image:2"},
    "Environment": {"A": "1"},
    "ProcessingInputs": [],
}
HARMLESS = {"RoleArn": ROLE, "StoppingCondition": {"MaxRuntimeInSeconds": 77}}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        *[("Training", {key: value}) for key, value in TRAINING.items()],
        *[("Processing", {key: value}) for key, value in PROCESSING.items()],
    ],
    ids=str,
)
def test_each_of_the_documented_attributes_makes_the_step_run_again(bench: Bench, kind: str, change: dict[str, Any]) -> None:
    assert next(iter(change)) in step_cache.KEY_ATTRIBUTES[kind]
    step = (training if kind == "Training" else processing)("s", CacheConfig=CACHED)
    bench.run(step)
    again(bench, {**step, "Arguments": {**step["Arguments"], **change}})
    assert len((bench.training if kind == "Training" else bench.processing).created) == 2


def test_these_are_all_of_the_documented_attributes() -> None:
    assert {kind: set(keys) for kind, keys in step_cache.KEY_ATTRIBUTES.items()} == {
        "Training": set(TRAINING), "Processing": set(PROCESSING),
    }  # fmt: skip


@pytest.mark.parametrize("change", [{key: value} for key, value in HARMLESS.items()], ids=str)
def test_what_is_not_among_them_does_not(bench: Bench, change: dict[str, Any]) -> None:
    step = training("t", CacheConfig=CACHED)
    first = bench.run(step)["PipelineExecutionArn"]
    second = again(bench, {**step, "Arguments": {**step["Arguments"], **change}})
    assert source(bench, second, "t") == first


def test_values_count_and_not_how_they_are_written(bench: Bench) -> None:
    parameters = [{"Name": "Input", "Type": "String", "DefaultValue": "s3://b/raw/"}]
    step = processing("p", source=get("Parameters.Input"), CacheConfig=CACHED)
    first = bench.run(step, parameters=parameters)["PipelineExecutionArn"]
    other = bench.start(given={"Input": "s3://b/more/"})
    bench.ended(other)
    third = again(bench, processing("p", source="s3://b/raw/", CacheConfig=CACHED))
    assert source(bench, other, "p") is None and source(bench, third, "p") == first


def test_failed_runs_are_not_taken_over_but_what_succeeded_in_a_failed_execution_is(bench: Bench) -> None:
    bench.training.fails = {"t": "no"}
    first = bench.run(*pair())["PipelineExecutionArn"]
    bench.training.fails = {}
    second = again(bench)
    assert source(bench, second, "p") == first and source(bench, second, "t") is None
    assert bench.training.steps() == ["t", "t"]


def test_the_newest_of_several_runs_is_taken_and_a_taken_over_one_is_no_run(bench: Bench) -> None:
    step = processing("p", CacheConfig=CACHED)
    first = bench.run(step)["PipelineExecutionArn"]
    age(bench, first, days=1)
    second = again(bench, processing("p"))
    third = again(bench, step)
    fourth = again(bench)
    assert (source(bench, third, "p"), source(bench, fourth, "p")) == (second, second)


def test_an_expired_run_is_not_taken_over_and_using_it_does_not_make_it_younger(bench: Bench) -> None:
    first = bench.run(processing("p", CacheConfig=CACHED))["PipelineExecutionArn"]
    age(bench, first, days=29)
    assert source(bench, again(bench), "p") == first
    age(bench, first, days=2)
    assert source(bench, again(bench), "p") is None


def test_age_is_told_by_the_embedded_clock(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.run(processing("p", CacheConfig=CACHED))["PipelineExecutionArn"]
    age(bench, first, hours=13)
    monkeypatch.setattr(clock, "FACTOR", 60.0)
    assert source(bench, again(bench), "p") is None


def test_another_pipelines_runs_and_another_steps_runs_are_not_taken_over(bench: Bench) -> None:
    bench.run(processing("p", CacheConfig=CACHED))
    bench.create(processing("p", CacheConfig=CACHED), name="other")
    other = bench.start("other")
    bench.ended(other)
    assert source(bench, other, "p") is None
    twin = processing("q", CacheConfig=CACHED)
    twin["Arguments"]["AppSpecification"] = processing("p")["Arguments"]["AppSpecification"]
    assert source(bench, again(bench, twin), "q") is None


def test_functions_are_never_taken_over(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering()
    bench.run(function("f", CacheConfig=CACHED))
    again(bench)
    assert len(bench.invoked) == 2


DAY = 86400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", 30 * DAY), ("30d", 30 * DAY), ("p30d", 30 * DAY), ("5y", 5 * 365 * DAY), ("T16m", 960), ("30dT5h", 30 * DAY + 18000),
        ("P4DT12H", 4 * DAY + 43200), ("T12H", 43200), ("P1Y2M3W4DT5H6M", 450 * DAY + 5 * 3600 + 6 * 60), ("P2M", 60 * DAY), ("PT2M", 120),
        ("", None), ("P", None), ("T", None), ("P1DT", None), ("PT30S", None), ("P0D", None), ("30", None), ("P1H", None), ("1 day", None),
    ],
)  # fmt: skip
def test_durations_are_read_as_aws_reads_them(text: str, expected: int | None) -> None:
    assert step_cache.seconds(text) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"Enabled": True}, "CacheConfig needs ExpireAfter"),
        ({"Enabled": "true", "ExpireAfter": "P1D"}, "Enabled, true or false"),
        ({"Enabled": True, "ExpireAfter": "soon"}, "ExpireAfter 'soon' is not an ISO 8601 duration"),
        ({"Enabled": True, "ExpireAfter": 30}, "ExpireAfter 30 is not"),
        ({"Enabled": False, "Expires": "P1D"}, "unknown property 'Expires'"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_step(bench: Bench, config: dict[str, Any], expected: str) -> None:
    message = str(refusal(lambda: bench.create(processing("p", CacheConfig=config))))
    assert "Step 'p': " in message and expected in message
