"""The model `customers`: its segments say something about customers and a future that it never saw."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.model_runs import (
    MODELS,
    ModelRun,
    cell,
    dropped,
    every,
    finished,
    first,
    keeping,
    refusal,
    renamed,
    repeated,
    spoil,
)

SAMPLE = {"recency_days": 33, "purchases": 6, "dollars": 214.4, "tenure_days": 251}
ASKED: list[dict] = [
    {},
    {"recency_days": 230, "purchases": 1, "dollars": 12, "tenure_days": 230},
    {},
    {"recency_days": 300},
    {"purchases": 1},
    {"tenure_days": 3650, "recency_days": 0},
    {"purchases": 1000},
    {"dollars": 0},
    {"dollars": 10**6},
]


@pytest.fixture(scope="module")
def run() -> ModelRun:
    return finished("customers")


def test_the_gate_holds_and_the_segments_tell_more_than_groups_by_frequency_or_rfm_score(run: ModelRun) -> None:
    metrics = run.metrics
    assert run.missed() == []
    assert metrics["baseline_explained_future"] >= metrics["rfm_score_explained_future"]
    assert metrics["explained_future"] > metrics["reference_explained_future"]
    assert metrics["explained_future"] <= metrics["individual_explained_future"] + 0.05
    assert metrics["best_segment_dollars"] > 10 * metrics["worst_segment_dollars"]


def test_customers_stand_on_one_side_and_behaviour_ends_where_the_future_begins(run: ModelRun) -> None:
    log = pd.read_csv(run.raw / "purchases.csv", parse_dates=["date"])
    known = {side: run.table(side, "customers").set_index("customer") for side in ("train", "test")}
    assert not set(known["train"].index) & set(known["test"].index)
    assert len(known["train"]) + len(known["test"]) == 2357
    days = log.drop_duplicates(["customer", "date"])
    for side, table in known.items():
        before = days[days["date"] < "1997-10-01"].groupby("customer").size()
        after = days[days["date"] >= "1997-10-01"].groupby("customer").size()
        future = run.table(side, "future").set_index("customer")
        assert table["purchases"].equals(before.loc[table.index].rename("purchases"))
        assert future["purchases"].equals(after.reindex(table.index, fill_value=0).rename("purchases"))
        assert "future" not in " ".join(table.columns)


def test_the_fit_does_not_see_the_future(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("customers", tmp_path)
    other.prepare()
    spoil(other.train / "future.csv", every("purchases", "99"), every("dollars", "9.0"))
    other.fit()
    asked = json.loads(run.table("test", "customers").drop(columns=["customer", "items"]).head(200).to_json(orient="records"))
    plain, blind = run.answers(asked), other.answers(asked)
    assert [one["segment"] for one in plain] == [one["segment"] for one in blind]
    assert {one["profile"]["purchases in the following 39 weeks"] for one in blind} == {99}


def test_futures_dealt_to_other_customers_are_not_explained(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("customers", tmp_path)
    other.test, other.artifact = tmp_path / "test", run.artifact
    for name in ("customers", "future"):
        table = run.table("test", name)
        dealt = table.sample(frac=1, random_state=7) if name == "future" else table
        dealt.to_csv(other.test / f"{name}.csv", index=False)
    other.evaluate()
    assert other.metrics["explained_future"] < 0.02
    assert len(other.missed()) == 1


def test_the_behaviour_model_finds_the_published_parameters(run: ModelRun) -> None:
    spec = importlib.util.spec_from_file_location("bgnbd", MODELS / "customers/bgnbd.py")
    bgnbd = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bgnbd)
    everybody = pd.concat([run.table("train", "customers"), run.table("test", "customers")])
    found = bgnbd.fit(everybody)
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}  # Fader, Hardie and Lee 2005, table 1
    assert found == pytest.approx(published, abs=5e-4)
    likelihood = bgnbd.log_likelihood(np.array(list(found.values())), *bgnbd._history(everybody)).sum()
    assert likelihood == pytest.approx(-9582.4, abs=0.05)


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        ([renamed("date", "day")], "purchases.csv: the header (row 1) lacks 'date' and has unknown 'day'; expected the columns"),
        ([dropped("dollars")], "purchases.csv: the header (row 1) lacks 'dollars'"),
        ([first(0)], "purchases.csv: 0 rows, at least 500 are needed"),
        ([first(1)], "purchases.csv: 1 row, at least 500 are needed"),
        ([cell(7, "dollars", "NaN")], "purchases.csv row 7, column dollars: 'NaN' is not a number"),
        ([cell(7, "dollars", "")], "purchases.csv row 7, column dollars: is missing"),
        ([cell(7, "dollars", "२९")], "purchases.csv row 7, column dollars: '२९' is not a number"),
        ([cell(7, "dollars", "-3")], "purchases.csv row 7, column dollars: '-3' is not a number of at least 0"),
        ([cell(7, "quantity", "1.5")], "purchases.csv row 7, column quantity: '1.5' is not a whole number of at least 1"),
        ([every("customer", "")], "purchases.csv row 2, column customer: is missing, must be a text of at least 1 characters"),
        (
            [every("customer", lambda name: name[-1])],
            "column customer: 10 customers until 1997-09-30, 10 of them with a second purchase; at least 200 and 50 are needed",
        ),
        ([cell(9, "date", "1997-02-30")], "purchases.csv row 9, column date: '1997-02-30' is not a day like 1997-03-25"),
        ([cell(9, "date", "02/03/1997")], "purchases.csv row 9, column date: '02/03/1997' is not a day like 1997-03-25"),
        ([cell(9, "date", "१९९७-०१-०१")], "purchases.csv row 9, column date: '१९९७-०१-०१' is not a day"),
        ([repeated(10)], "repeats purchases.csv row"),
        (
            [keeping(lambda row: row["date"] < "1998-01-01")],
            "column date: from 1997-01-01 to 1997-12-31 is 365 days; at least 546",
        ),
        ([cell(9, "date", "2197-01-01")], "purchases.csv row 9, column date: 2197-01-01 is 7"),
        ([cell(9, "date", "1797-01-01")], "days after the purchase before it, 1797-01-01 in purchases.csv row 9;"),
        ([cell(9, "date", "2997-01-01")], "purchases.csv row 9, column date: '2997-01-01' is not a day like 1997-03-25"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused_with_its_place(tmp_path: Path, spoils: list, expected: str) -> None:
    assert expected in refusal("customers", tmp_path, *spoils)


@pytest.fixture(scope="module")
def said(run: ModelRun) -> list[dict]:
    """Answers to `ASKED`, all of one request."""
    return run.answers([SAMPLE | changes for changes in ASKED])


def test_the_sample_is_answered_in_the_terms_of_segmentation(run: ModelRun, said: list[dict]) -> None:
    assert run.definition["sample"] == SAMPLE
    assert said[0]["segment"] == "loyal regulars"
    assert said[0]["next_segment"] == "regulars"
    assert 0 <= said[0]["typical"] <= 1
    assert said[0]["profile"]["customers"] == 46
    assert said[0]["profile"]["purchases in the following 39 weeks"] > 3
    assert "note" not in said[0]


def test_order_is_kept_and_names_are_unique(run: ModelRun, said: list[dict]) -> None:
    assert [one["segment"] for one in said[:3]] == ["loyal regulars", "one-time buyers, small", "loyal regulars"]
    assert len({segment["name"] for segment in run.evaluation["plots"]["segments"]}) == 5


def test_a_history_that_cannot_be_is_told_and_the_others_are_answered(said: list[dict]) -> None:
    problems = [one.get("problem") for one in said]
    assert problems == [
        *[None] * 3,
        "recency_days 300 is more than tenure_days 251: the last purchase cannot be before the first",
        "one purchase is the first and the last: recency_days must be tenure_days 251, got 33",
        *[None] * 4,
    ]
    assert said[3]["segment"] is None


def test_histories_far_from_all_that_was_learned_are_answered_with_a_note_where_they_are_older_or_younger(
    said: list[dict],
) -> None:
    assert all(one["expected_purchases"] >= 0 for one in said[5:])
    assert ["note" in one for one in said[5:]] == [True, False, False, False]


def test_two_runs_give_the_same_artifact_and_metrics(run: ModelRun, tmp_path: Path) -> None:
    assert ModelRun("customers", tmp_path).all().evaluation == run.evaluation
