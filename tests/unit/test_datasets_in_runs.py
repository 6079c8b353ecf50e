"""Runs name the data that they read; they can be listed, stopped and tried again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlp import datasets
from mlp.platform.errors import Failed, MlpError
from mlp.runs import runs, training
from tests.unit.fake_aws import FakeClient, refusal
from tests.unit.fake_s3 import FakePlatform

ARN = "arn:aws:sagemaker:eu-central-1:111122223333:pipeline/mlp-dev-spam/execution/"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def execution(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"PipelineExecutionArn": ARN + name, "PipelineExecutionStatus": status, "StartTime": NOW, **more}


ENTRIES = [
    execution("abc1", "Executing"),
    execution("abc2", "Failed", PipelineExecutionFailureReason="misses its gate"),
    execution("def", "Succeeded"),
]


@pytest.fixture
def sagemaker() -> FakeClient:
    return FakeClient(
        "sagemaker",
        {
            "start_pipeline_execution": {"PipelineExecutionArn": ARN + "new"},
            "stop_pipeline_execution": {},
            "retry_pipeline_execution": {},
            "list_pipeline_executions": {"PipelineExecutionSummaries": ENTRIES},
            "list_pipeline_parameters_for_execution": lambda PipelineExecutionArn: {
                "PipelineParameters": [] if PipelineExecutionArn.endswith("def") else [{"Name": "Dataset", "Value": "spam@2"}]
            },
        },
    )


@pytest.fixture
def platform(sagemaker: FakeClient, tmp_path: Path) -> FakePlatform:
    found = FakePlatform(sagemaker)
    for number in (1, 2):
        (tmp_path / "spam7.csv").write_text(f"a\n{number}\n")
        datasets.put(found, "spam", [tmp_path / "spam7.csv"])
    return found


def parameters(sagemaker: FakeClient) -> dict[str, str]:
    (asked,) = sagemaker.called("start_pipeline_execution")
    return {entry["Name"]: entry["Value"] for entry in asked["PipelineParameters"]}


@pytest.mark.parametrize(("dataset", "number"), [(None, 2), ("spam", 2), ("spam@1", 1)])
def test_a_run_is_started_on_a_version_and_names_it(
    platform: FakePlatform, sagemaker: FakeClient, dataset: str | None, number: int
) -> None:
    training.start(platform, "spam", dataset=dataset)
    uri = f"s3://data-bucket/datasets/spam/raw/version={number}/"
    assert parameters(sagemaker) == {"InputData": uri, "Dataset": f"spam@{number}"}


def test_other_parameters_go_along(platform: FakePlatform, sagemaker: FakeClient) -> None:
    training.start(platform, "spam", {"CompareWith": "none"})
    assert parameters(sagemaker)["CompareWith"] == "none" and parameters(sagemaker)["Dataset"] == "spam@2"


def test_data_that_is_no_version_stays_possible_and_is_unversioned(platform: FakePlatform, sagemaker: FakeClient) -> None:
    training.start(platform, "spam", {"InputData": "s3://data-bucket/datasets/spam/raw/old/"})
    assert parameters(sagemaker) == {"InputData": "s3://data-bucket/datasets/spam/raw/old/"}
    assert training.dataset_of_run(sagemaker, ARN + "def") == "unversioned"


@pytest.mark.parametrize(
    ("model", "given", "dataset", "expected"),
    [
        ("spam", {"InputData": "s3://b/"}, "spam@1", "give one of them"),
        ("spam", None, "movies@1", "spam reads dataset spam, and its roles may read no other"),
        ("spam", None, "spam@3", "Dataset spam has no version 3; complete versions: 1, 2"),
        ("films", None, None, r"Dataset movies has no version yet\. Put one with: mlp data put movies FILE"),
    ],
)
def test_data_that_cannot_be_trained_on_starts_no_run(
    platform: FakePlatform, sagemaker: FakeClient, model: str, given: dict | None, dataset: str | None, expected: str
) -> None:
    with pytest.raises(MlpError, match=expected):
        training.start(platform, model, given, dataset=dataset)
    assert not sagemaker.called("start_pipeline_execution")


def test_runs_are_listed_with_their_data_and_why_they_failed(platform: FakePlatform) -> None:
    found = runs.runs(platform, "spam", 2)
    assert [(run.run, run.status, run.dataset, run.reason) for run in found] == [
        ("abc1", "Executing", "spam@2", ""),
        ("abc2", "Failed", "spam@2", "misses its gate"),
    ]


@pytest.mark.parametrize("run", [None, "abc1", ARN + "abc1"])
def test_a_run_that_is_under_way_is_stopped(platform: FakePlatform, sagemaker: FakeClient, run: str | None) -> None:
    assert runs.stop(platform, "spam", run).status == "Stopping"
    assert [call["PipelineExecutionArn"] for call in sagemaker.called("stop_pipeline_execution")] == [ARN + "abc1"]


def test_a_run_that_failed_is_tried_again_on_the_same_data(platform: FakePlatform, sagemaker: FakeClient) -> None:
    again = runs.retry(platform, "spam", "abc2")
    assert (again.status, again.dataset) == ("Executing", "spam@2")
    assert [call["PipelineExecutionArn"] for call in sagemaker.called("retry_pipeline_execution")] == [ARN + "abc2"]


@pytest.mark.parametrize(
    ("what", "run", "expected"),
    [
        (runs.stop, "def", "Run def of spam has ended already: Succeeded"),
        (runs.stop, "xyz", "spam has no run 'xyz'. See its runs with: mlp runs list spam"),
        (runs.stop, "abc", "'abc' begins 2 runs of spam: abc1, abc2; give more of it"),
        (runs.retry, None, "Run abc1 of spam is Executing; only a run that failed or was stopped"),
        (runs.retry, "def", "Run def of spam is Succeeded; only a run that failed or was stopped"),
    ],
)
def test_what_cannot_be_done_with_a_run_is_told(platform: FakePlatform, what, run: str | None, expected: str) -> None:
    with pytest.raises(MlpError, match=expected.replace("(", r"\(")):
        what(platform, "spam", run)


def test_without_runs_there_is_nothing_to_stop_or_try_again(platform: FakePlatform, sagemaker: FakeClient) -> None:
    sagemaker._answers["list_pipeline_executions"] = {"PipelineExecutionSummaries": []}
    with pytest.raises(MlpError, match="No run of spam is under way"):
        runs.stop(platform, "spam")
    with pytest.raises(MlpError, match=r"spam has never been run\. Run it with: mlp train spam"):
        runs.retry(platform, "spam")


def test_of_several_runs_under_way_none_is_guessed(platform: FakePlatform, sagemaker: FakeClient) -> None:
    both = [execution("one", "Executing"), execution("two", "Stopping")]
    sagemaker._answers["list_pipeline_executions"] = {"PipelineExecutionSummaries": both}
    with pytest.raises(MlpError, match="2 runs of spam are under way: one, two; name the one to stop"):
        runs.stop(platform, "spam")


def test_what_aws_says_of_a_run_that_is_too_old_is_passed_on(platform: FakePlatform, sagemaker: FakeClient) -> None:
    sagemaker._answers["retry_pipeline_execution"] = refusal("RetryPipelineExecution", "ConflictException", "it is too old")
    with pytest.raises(Failed, match=r"cannot be tried again: ConflictException: it is too old\. Start a new one"):
        runs.retry(platform, "spam", "abc2")
