"""The six use cases on the deployed platform: from raw data to an answer, repeatably, and nothing from bad data.

What each model's scripts do with every kind of bad data is in tests/unit/test_model_*.py; here it is the pipelines'.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlp import datasets
from mlp.deployment import local
from mlp.deployment.deploy import deploy_locally
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import Failed
from mlp.platform.paths import MODELS
from mlp.runs import prediction, registry, training
from mlp.runs.record import Record, record_of
from tests.local.conftest import CLOCK, ROOT, free_port, wait_for
from tests.unit.spoils import Spoil, cell, spoil

OTHERS = ("houses", "customers", "credit", "movies", "watchlist")
AUTOMATIC, REUSING = "customers", "houses"


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformEnvironment]:
    """All models of config/local.yaml, one approved by policy and one that reuses results, on an embedded AWS of their own."""
    folder = tmp_path_factory.mktemp("six")
    config = yaml.safe_load((ROOT / "config/local.yaml").read_text())
    config["models"][AUTOMATIC]["approval"] = "automatic"
    config["models"][REUSING]["training"] = {"step_cache_days": 1}
    del config["notebooks"], config["watchdog"]
    (folder / "local.yaml").write_text(yaml.safe_dump(config))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLP_CONFIG_DIR", str(folder))
        patch.setenv("MLP_STATE_DIR", str(folder / "state"))
        try:
            environment = deploy_locally("local", free_port(), {}, clock=CLOCK)
            assert set(environment.settings.models) == {"spam", *OTHERS}
            for model in OTHERS:
                put(environment, model)
            yield environment
        finally:
            local.stop()


def put(environment: PlatformEnvironment, model: str, *spoils: Spoil, folder: Path | None = None) -> str:
    """Put a model's own data, spoiled in its first file, as a version of its dataset; return its name."""
    definition = environment.settings.models[model].definition
    files = [MODELS / file for file in definition.data_files]
    if folder is not None:
        files = [Path(shutil.copy(file, folder)) for file in files]
        spoil(files[0], *spoils)
    return datasets.put(environment, definition.dataset_name, files).version.name


def train(environment: PlatformEnvironment, model: str, dataset: str | None = None) -> training.Run:
    return training.follow(environment, training.start(environment, model, dataset=dataset))


def record(environment: PlatformEnvironment, model: str, version: int) -> Record:
    return record_of(environment, registry.pick(environment, model, version))


ANSWERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "houses": lambda answer: answer["interval"]["low"] < answer["price"] < answer["interval"]["high"],
    "customers": lambda answer: answer["segment"] and answer["profile"]["customers"] > 0,
    "credit": lambda answer: 0 <= answer["score"] <= 1 and answer["drivers"][0]["feature"],
    "movies": lambda answer: [entry["rank"] for entry in answer["titles"]] == list(range(1, len(answer["titles"]) + 1)),
    "watchlist": lambda answer: answer["ranking"][0]["rank"] == 1 and answer["ranking"][0]["title"],
}


@pytest.mark.parametrize("model", OTHERS)
def test_a_model_goes_from_raw_data_to_an_answer(six: PlatformEnvironment, model: str) -> None:
    run = train(six, model)
    definition = six.settings.models[model].definition
    found = record(six, model, run.version)
    assert found.checks and all(check.holds for check in found.checks)
    assert any("beats baseline_" in check.says for check in found.checks)
    assert found.dataset == f"{definition.dataset_name}@1" and len(found.model_sha256) == 64
    version = registry.pick(six, model, run.version)
    if model == AUTOMATIC:
        assert version.approval == "Approved"
        wait_for(lambda: registry.served(six, model) == run.version, 120)
        wait_for(lambda: six.stack("Serving", model)["StackStatus"].endswith("_COMPLETE"), 120)
    else:
        assert version.approval == "PendingManualApproval"
        registry.release(six, model, version, "test", 3)
    answer = prediction.predict(six, model, [prediction.sample_of(six, model)])
    assert answer["model_version"] == str(run.version)
    assert ANSWERS[model](answer["predictions"][0]), answer


def test_the_same_data_and_code_give_the_same_model_and_are_as_good_as_what_serves(six: PlatformEnvironment) -> None:
    first = registry.served(six, "credit")
    assert first is not None, "the test before has released one"
    again = train(six, "credit", "credit@1")
    one, two = (record(six, "credit", number) for number in (first, again.version))
    assert (one.model_sha256, one.metrics, one.dataset) == (two.model_sha256, two.metrics, two.dataset)
    assert two.deployed_version == str(first)
    assert any(f"of deployed version {first}" in check.says for check in two.checks)


def test_an_unchanged_run_takes_over_data_and_model_where_reuse_is_on_and_is_judged_anew(six: PlatformEnvironment) -> None:
    first = registry.served(six, REUSING)
    assert first is not None, "the first test has released one"
    again = train(six, REUSING, f"{REUSING}@1")
    pages = six.client("sagemaker").get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=again.arn)
    steps = [step for page in pages for step in page["PipelineExecutionSteps"]]
    assert {step["StepName"] for step in steps if "CacheHitResult" in step} == {"prepare", "train"}
    assert record(six, REUSING, again.version).model_sha256 == record(six, REUSING, first).model_sha256


POISON: dict[str, tuple[Spoil, str]] = {
    "houses": (cell(5, "price", "much"), "ames.csv row 5, column price: 'much' is not"),
    "customers": (cell(5, "dollars", "much"), "purchases.csv row 5, column dollars: 'much' is not"),
    "credit": (cell(5, "amount", "much"), "credit_data.csv row 5, column amount: 'much' is not"),
    "movies": (cell(5, "rating", "many"), "ratings.csv row 5, column rating: 'many' is not"),
    "watchlist": (cell(5, "rating", "many"), "ratings.csv row 5, column rating: 'many' is not"),
}


@pytest.mark.parametrize("model", OTHERS)
def test_bad_data_fails_the_run_with_its_place_and_registers_nothing(
    six: PlatformEnvironment, tmp_path: Path, model: str
) -> None:
    spoiled, message = POISON[model]
    before = registry.versions(six, model)
    dataset = put(six, model, spoiled, folder=tmp_path)
    with pytest.raises(Failed, match=r"The run failed: prepare: AlgorithmError: prepare: ") as caught:
        train(six, model, dataset)
    assert message in str(caught.value)
    assert registry.versions(six, model) == before


def test_two_models_of_one_dataset_read_the_same_objects(six: PlatformEnvironment) -> None:
    for model in ("movies", "watchlist"):
        oldest = registry.versions(six, model)[-1]
        assert record_of(six, oldest).input_data.endswith("/datasets/movielens/raw/version=1/")
