"""The model `spam`: better than always saying "wanted", never judged on what it learned from."""

from pathlib import Path

import pytest

from tests.unit.model_runs import ModelRun, cell, dropped, every, finished, first, refusal, renamed, repeated, shuffled, spoil

FEATURES = ["crl_tot", "dollar", "bang", "money", "n000", "make"]


@pytest.fixture(scope="module")
def run() -> ModelRun:
    return finished("spam")


def test_the_gate_holds_and_the_baseline_is_beaten_by_far(run: ModelRun) -> None:
    assert run.missed() == []
    assert run.metrics["accuracy"] > run.metrics["baseline_accuracy"] + 0.2


def test_no_e_mail_of_the_test_set_was_learned_from(run: ModelRun) -> None:
    train, test = (set(map(tuple, run.table(side)[FEATURES].to_numpy())) for side in ("train", "test"))
    assert not train & test
    assert len(run.table("train")) + len(run.table("test")) == 4601


def test_labels_dealt_to_other_e_mails_are_not_predicted(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("spam", tmp_path)
    spoil(other.raw / "spam7.csv", shuffled("yesno"))
    other.all()
    assert other.metrics["roc_auc"] == pytest.approx(0.5, abs=0.06)
    assert other.metrics["accuracy"] < other.metrics["baseline_accuracy"] + 0.02
    assert len(other.missed()) == 2


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        ([renamed("bang", "!")], "spam7.csv: the header (row 1) lacks 'bang' and has unknown '!'; expected the columns crl_tot"),
        ([dropped("yesno")], "spam7.csv: the header (row 1) lacks 'yesno'"),
        ([first(0)], "spam7.csv: 0 rows, at least 200 are needed"),
        ([first(1)], "spam7.csv: 1 row, at least 200 are needed"),
        ([cell(7, "bang", "NaN")], "spam7.csv row 7, column bang: 'NaN' is not a number of at least 0 and at most 100"),
        ([cell(7, "bang", "")], "spam7.csv row 7, column bang: is missing"),
        ([cell(7, "bang", "१")], "spam7.csv row 7, column bang: '१' is not a number"),
        ([cell(7, "bang", "101")], "spam7.csv row 7, column bang: '101' is not a number of at least 0 and at most 100"),
        ([cell(7, "crl_tot", "0")], "spam7.csv row 7, column crl_tot: '0' is not a number of at least 1"),
        ([cell(7, "yesno", "Y")], "spam7.csv row 7, column yesno: 'Y' is not one of y, n"),
        (
            [every("yesno", "")],
            "spam7.csv row 2, column yesno: is missing, must be one of y, n (4601 such rows: 2, 3, 4, 5, 6, ...)",
        ),
        ([every("yesno", "y")], "column yesno: 'y' 4601 times, 'n' 0 times; each label is needed at least 20 times"),
        ([repeated(10)], "repeats spam7.csv row"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused_with_its_place(tmp_path: Path, spoils: list, expected: str) -> None:
    assert expected in refusal("spam", tmp_path, *spoils)


def test_e_mails_are_answered_with_class_and_probability_in_their_order(run: ModelRun) -> None:
    quiet = {"crl_tot": 12, "dollar": 0, "bang": 0, "money": 0, "n000": 0, "make": 0}
    spam, wanted, again = run.answers([run.definition["sample"], quiet, run.definition["sample"]])
    assert (spam["class"], wanted["class"]) == ("spam", "wanted")
    assert spam == again
    assert 0.5 <= wanted["probability"] <= 1


def test_two_runs_give_the_same_artifact_and_metrics(run: ModelRun, tmp_path: Path) -> None:
    assert ModelRun("spam", tmp_path).all().evaluation == run.evaluation
