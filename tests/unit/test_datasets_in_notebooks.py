"""Datasets in a notebook: what its platform.json says of them, and that their modules run there."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlp import datasets
from mlp.in_notebook import platform as notebook_platform
from mlp.in_notebook import storage
from mlp.in_notebook import train as notebook_train
from mlp.platform.errors import MlpError
from tests.unit.fake_aws import FakeClient
from tests.unit.fake_s3 import FakePlatform
from tests.unit.test_notebook_client import CONTENT

ROOT = Path(__file__).parents[2]
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:pipeline/mlp-dev-films/execution/e1"


@pytest.fixture
def outside(tmp_path: Path) -> FakePlatform:
    """What the people outside of the notebook have put: movies@1 and movies@2."""
    found = FakePlatform()
    for number in (1, 2):
        (tmp_path / "ratings.csv").write_text(f"a\n{number}\n")
        datasets.put(found, "movies", [tmp_path / "ratings.csv"])
    return found


@pytest.fixture
def notebook(outside: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Clients of a notebook that may use the model films, which reads the dataset movies."""
    facts = {**CONTENT, "models": {"films": "mlp-dev-films", "spam": "mlp-dev-spam"}, "other_datasets": {"films": "movies"}}
    (tmp_path / "platform.json").write_text(json.dumps(facts))
    monkeypatch.setattr(notebook_platform, "FILE", tmp_path / "platform.json")
    named = [{"Name": "Dataset", "Value": "movies@1"}]
    step = {"StepName": "register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": "a:model-package/g/3"}}}
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    answers = {
        "start_pipeline_execution": {"PipelineExecutionArn": ARN},
        "describe_pipeline_execution": {
            "PipelineExecutionStatus": "Succeeded", "CreationTime": moment, "LastModifiedTime": moment,
        },
        "list_pipeline_execution_steps": {"PipelineExecutionSteps": [{**step, "StartTime": moment, "EndTime": moment}]},
        "list_pipeline_parameters_for_execution": {"PipelineParameters": named},
    }  # fmt: skip
    clients = {"s3": outside.s3, "sagemaker": FakeClient("sagemaker", answers)}
    monkeypatch.setattr(notebook_platform.NotebookPlatform, "client", lambda _, service: clients[service])
    return clients


def test_a_notebook_knows_the_datasets_of_its_models(notebook: dict[str, Any]) -> None:
    platform = notebook_platform.required("test")
    assert platform.datasets == ["movies", "spam"]
    assert (platform.dataset_of("films"), platform.dataset_of("spam")) == ("movies", "spam")
    with pytest.raises(MlpError, match="Notebook anna has no model 'ham'"):
        platform.dataset_of("ham")


def test_facts_of_models_whose_datasets_are_called_as_they_are_need_not_name_them(notebook: dict[str, Any]) -> None:
    facts = json.loads(notebook_platform.FILE.read_text())
    del facts["other_datasets"]
    notebook_platform.FILE.write_text(json.dumps(facts))
    assert notebook_platform.required("test").datasets == ["films", "spam"]


@pytest.mark.parametrize(("dataset", "number"), [(None, 2), ("movies@1", 1)])
def test_a_notebook_trains_on_a_version(
    notebook: dict[str, Any], dataset: str | None, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run = notebook_train.run_pipeline(notebook_platform.required("test"), "films", None, dataset)
    (asked,) = notebook["sagemaker"].called("start_pipeline_execution")
    given = {entry["Name"]: entry["Value"] for entry in asked["PipelineParameters"]}
    assert given == {"InputData": f"s3://data-bucket/datasets/movies/raw/version={number}/", "Dataset": f"movies@{number}"}
    assert run.dataset == "movies@1", "what AWS says of the run"
    assert "version 3, of movies@1, waits for approval" in capsys.readouterr().out


def test_without_a_version_it_says_whom_to_ask(notebook: dict[str, Any]) -> None:
    with pytest.raises(MlpError, match="ask the people who run mlp-dev for: mlp data put spam FILE"):
        notebook_train.run_pipeline(notebook_platform.required("test"), "spam", None)


def test_downloaded_data_comes_without_its_hashes(
    notebook: dict[str, Any], outside: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = {f"data-bucket/{key}": entry["content"] for key, entry in outside.s3.objects.items()}
    from tests.unit.fake_aws import FakeS3

    notebook["s3"] = FakeS3(objects)
    files = storage.download(
        notebook_platform.required("test"), "s3://data-bucket/datasets/movies/raw/version=2/", tmp_path / "out"
    )
    assert [file.name for file in files] == ["ratings.csv"]


def test_the_modules_are_written_for_python_3_10() -> None:
    for path in [*(ROOT / "mlp").glob("dataset*.py"), ROOT / "mlp/runs/runs.py"]:
        if not path.stem.endswith("_cli"):
            compile(path.read_text(), str(path), "exec", flags=0x400, _feature_version=10)  # 0x400: parse only
            assert not re.search(r"import .*\b(UTC|StrEnum|Self|tomllib)\b|file_digest", path.read_text()), path.name
