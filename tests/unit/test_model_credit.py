"""The model `credit`: it learns from good loans only what is usual, and bad ones turn out to be less so."""

from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

from tests.unit.model_runs import ModelRun, cell, dropped, every, first, keeping, refusal, renamed, repeated, shuffled, spoil
from tests.unit.spoils import Spoil

FILE = "credit_data.csv"
GOOD: dict[str, Any] = {
    "seniority": 20,
    "time": 36,
    "expenses": 40,
    "income": 250,
    "assets": 20000,
    "debt": 0,
    "amount": 500,
    "price": 1500,
}
GOOD |= {"home": "owner", "records": "no", "job": "fixed"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ModelRun:
    return ModelRun("credit", tmp_path_factory.mktemp("credit")).all()


@pytest.fixture(scope="module")
def answers(run: ModelRun) -> dict[str, Any]:
    """Answers for the sample, a reassuring application, one that states nothing of money, and one with values never seen."""
    silent = {name: value for name, value in GOOD.items() if name not in ("income", "assets", "debt")}
    asked = {
        "sample": run.definition["sample"],
        "good": GOOD,
        "indebted": GOOD | {"debt": 30_000},
        "richer": GOOD | {"income": 900, "assets": 300_000},
        "silent": silent,
        "strange": GOOD | {"home": "houseboat", "job": "astronaut"},
    }
    return dict(zip(asked, run.answers(list(asked.values())), strict=True))


def test_the_gate_holds_and_the_detector_beats_rule_forest_and_sum_but_not_the_labels(run: ModelRun) -> None:
    metrics = run.metrics
    assert run.missed() == []
    assert metrics["average_precision"] > 4 * metrics["base_rate"]
    assert metrics["average_precision"] > 2 * metrics["baseline_average_precision"]
    assert metrics["average_precision"] > metrics["reference_average_precision"]
    assert metrics["supervised_roc_auc"] > metrics["roc_auc"] > metrics["scorecard_roc_auc"]


def test_as_many_good_loans_are_alerted_as_were_promised(run: ModelRun) -> None:
    assert run.metrics["false_alarms"] == pytest.approx(0.1, abs=0.025)
    assert run.metrics["recall"] > 3 * run.metrics["false_alarms"]


def test_bad_loans_are_rare_on_both_sides_and_no_application_is_on_both(run: ModelRun) -> None:
    train, test = run.table("train"), run.table("test")
    both = pd.concat([train, test])
    assert (both["status"] == "good").sum() == 3200
    assert (both["status"] == "bad").mean() == pytest.approx(0.05, abs=0.005)
    inputs = list(train.columns.drop("status"))
    assert not {*train[inputs].itertuples(index=False, name=None)} & {*test[inputs].itertuples(index=False, name=None)}


def test_age_and_marital_status_reach_neither_training_nor_test(run: ModelRun) -> None:
    assert not {"age", "marital"} & {*run.table("train").columns, *run.table("test").columns}


def test_the_detector_is_the_same_whatever_the_bad_loans_are_like(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("credit", tmp_path)
    train = run.table("train")
    train.loc[train["status"] == "bad", ["seniority", "debt", "records"]] = [50, 9_000_000, "yes"]
    train.to_csv(other.train / "train.csv", index=False)
    other.fit()
    ours, theirs = (joblib.load(fitted / "model.joblib") for fitted in (run.fitted, other.fitted))
    assert (ours["scores"] == theirs["scores"]).all()
    assert ours["usual"] == theirs["usual"]


def test_shuffled_labels_leave_nothing_but_the_base_rate(tmp_path: Path) -> None:
    other = ModelRun("credit", tmp_path)
    spoil(other.raw / FILE, shuffled("status"))
    other.prepare()
    other.fit(trees=50)
    metrics = other.evaluate()["metrics"]
    assert metrics["average_precision"] < 2 * metrics["base_rate"]
    assert metrics["roc_auc"] == pytest.approx(0.5, abs=0.1)
    assert len(other.missed()) >= 2


def test_the_same_data_gives_the_same_artifact_and_metrics(run: ModelRun, tmp_path: Path) -> None:
    assert ModelRun("credit", tmp_path).all().evaluation == run.evaluation


def test_an_alert_says_what_is_unusual_about_the_application(run: ModelRun, answers: dict[str, Any]) -> None:
    answer = answers["sample"]
    assert answer["alert"]
    assert 0.95 < answer["score"] <= 1
    named = {driver["feature"]: driver for driver in answer["drivers"]}
    assert named["records"] == {"feature": "records", "value": "yes", "usual": "no", "share": named["records"]["share"]}
    assert all(driver["value"] == run.definition["sample"][driver["feature"]] for driver in answer["drivers"])
    assert 0.3 < sum(driver["share"] for driver in answer["drivers"]) <= 1


def test_only_what_is_a_concern_makes_an_application_unusual(answers: dict[str, Any]) -> None:
    assert not answers["good"]["alert"]
    assert answers["good"]["score"] < 0.2
    assert answers["richer"]["score"] <= answers["good"]["score"]
    assert answers["indebted"]["score"] > answers["good"]["score"]
    assert answers["indebted"]["drivers"][0]["feature"] == "debt"
    assert answers["indebted"]["drivers"][0]["value"] == 30_000


def test_what_is_not_stated_or_not_known_counts_against_an_application_and_the_answer_says_so(answers: dict[str, Any]) -> None:
    assert answers["silent"]["score"] > answers["good"]["score"]
    assert answers["silent"]["drivers"][0]["value"] == "not stated"
    assert answers["strange"]["unknown"] == ["home", "job"]
    assert answers["strange"]["score"] > answers["good"]["score"]
    assert answers["good"]["unknown"] == []


@pytest.mark.parametrize(
    ("spoils", "says"),
    [
        ([renamed("debt", "owed")], "credit_data.csv: the header (row 1) lacks 'debt' and has unknown 'owed'"),
        ([dropped("status")], "credit_data.csv: the header (row 1) lacks 'status'"),
        ([cell(7, "seniority", "NaN")], "credit_data.csv row 7, column seniority: 'NaN' is not a whole number"),
        ([cell(8, "income", "١٢٩")], "credit_data.csv row 8, column income: '١٢٩' is not a whole number"),
        ([cell(9, "debt", "-5")], "credit_data.csv row 9, column debt: '-5' is not a whole number of at least 0"),
        ([cell(9, "records", "maybe")], "credit_data.csv row 9, column records: 'maybe' is not one of no, yes"),
        (
            [cell(3, "amount", "2000")],
            "credit_data.csv row 3, column amount: 2000 with price 1658; a loan is at most what it pays for",
        ),
        ([every("status", "")], "credit_data.csv row 2, column status: is missing, must be one of good, bad"),
        ([every("status", "good")], "column status: 'good' 4454 times, 'bad' 0 times; each label is needed at least 50 times"),
        ([keeping(lambda row: row["status"] == "bad")], "column status: 'good' 0 times"),
        ([first(0)], "credit_data.csv: 0 rows, at least 500 are needed"),
        ([first(1)], "credit_data.csv: 1 row, at least 500 are needed"),
        ([repeated(10)], "rows repeat an earlier one, at most 1% may)"),
    ],
)
def test_raw_data_that_cannot_be_is_refused_with_file_row_and_column(tmp_path: Path, spoils: list[Spoil], says: str) -> None:
    assert says in refusal("credit", tmp_path, *spoils)
