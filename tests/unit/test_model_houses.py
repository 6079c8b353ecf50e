"""The model `houses`: prices of sales that came after all that it learned from, with intervals that hold as many as they promise."""

import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model_runs import ModelRun, appended, cell, dropped, every, first, refusal, renamed, repeated, shuffled, spoil
from tests.unit.spoils import Spoil

FILE = "ames.csv"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ModelRun:
    return ModelRun("houses", tmp_path_factory.mktemp("houses")).all()


@pytest.fixture(scope="module")
def answers(run: ModelRun) -> list[Any]:
    """Answers for the sample, a large, a small and a middling house, and one that is like no house in the training data."""
    sample = run.definition["sample"]
    sizes = [{"living_area": area} for area in (2400, 1000, 1700)]
    strange = {"neighborhood": "Atlantis", "style": "Igloo", "heating": "Volcanic"}
    return run.answers([sample | change for change in ({}, *sizes, strange)])


def width(answer: dict[str, Any]) -> float:
    return float(answer["interval"]["high"] - answer["interval"]["low"]) / float(answer["price"])


def months(table: pd.DataFrame) -> pd.Series:
    return table["year_sold"] * 12 + table["month_sold"]


def test_the_gate_holds_and_the_price_beats_neighborhood_median_and_ridge(run: ModelRun) -> None:
    metrics = run.metrics
    assert run.missed() == []
    assert metrics["mae"] < metrics["reference_mae"] < metrics["baseline_mae"]
    assert metrics["median_error"] < metrics["baseline_median_error"] / 2
    assert metrics["interval_width"] < metrics["baseline_interval_width"] / 2


def test_every_test_sale_came_after_every_training_sale(run: ModelRun) -> None:
    train, test = run.table("train"), run.table("test")
    assert months(train).max() < months(test).min()
    assert len(train) + len(test) == 2930
    assert 0.15 < len(test) / 2930 < 0.25


def test_what_the_model_learns_from_does_not_depend_on_the_prices_of_the_test(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("houses", tmp_path)
    raw = pd.read_csv(other.raw / FILE)
    raw.loc[months(raw) > months(run.table("train")).max(), "price"] = 5_000_000
    raw.to_csv(other.raw / FILE, index=False)
    other.prepare()
    assert other.table("train").equals(run.table("train"))
    assert (other.table("test")["price"] == 5_000_000).all()


def test_the_intervals_hold_what_was_counted_and_contain_the_price(run: ModelRun) -> None:
    prices = {name: np.array(values) for name, values in run.evaluation["plots"]["prices"].items()}
    inside = (prices["low"] <= prices["paid"]) & (prices["paid"] <= prices["high"])
    assert inside.mean() == pytest.approx(run.metrics["coverage"])
    assert run.metrics["coverage_gap"] == pytest.approx(abs(inside.mean() - 0.8))
    assert (prices["low"] < prices["said"]).all()
    assert (prices["said"] < prices["high"]).all()
    assert np.ptp((prices["high"] - prices["low"]) / prices["said"]) > 0.1, "uncertain houses get wider intervals"


def test_a_coverage_of_95_asks_for_wider_intervals(run: ModelRun, answers: list[Any], tmp_path: Path) -> None:
    other = ModelRun("houses", tmp_path)
    other.train = run.train
    other.fit(coverage=0.95, max_iter=100)
    wide, usual = other.answers()[0], answers[0]
    assert wide["interval"]["coverage"] == 0.95
    assert width(wide) > 1.3 * width(usual)


def test_shuffled_prices_teach_nothing(tmp_path: Path) -> None:
    other = ModelRun("houses", tmp_path)
    spoil(other.raw / FILE, shuffled("price"))
    other.prepare()
    other.fit(max_iter=40)
    metrics = other.evaluate()["metrics"]
    assert metrics["r2"] < 0.05
    assert metrics["mae"] > 0.95 * metrics["baseline_mae"]


def test_the_same_data_gives_the_same_artifact_and_metrics(run: ModelRun, tmp_path: Path) -> None:
    assert ModelRun("houses", tmp_path).all().evaluation == run.evaluation


def test_an_older_artifact_is_judged_with_the_features_that_it_brings(run: ModelRun, tmp_path: Path) -> None:
    older = ModelRun("houses", tmp_path)
    older.test = run.test
    shutil.copytree(run.fitted, tmp_path / "older")
    with (tmp_path / "older/code/features.py").open("a") as module:
        module.write('raise SystemExit("features of the artifact")')
    with tarfile.open(older.artifact / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "older", arcname=".")
    with pytest.raises(AssertionError, match="features of the artifact"):
        older.evaluate()


def test_an_answer_is_a_price_with_its_interval_and_what_moves_it(run: ModelRun, answers: list[Any]) -> None:
    sample, answer = run.definition["sample"], answers[0]
    assert answer["interval"]["low"] < answer["price"] < answer["interval"]["high"]
    assert 150_000 < answer["price"] < 260_000
    assert answer["unknown"] == []
    first_driver = answer["drivers"][0]
    assert (first_driver["feature"], first_driver["value"], first_driver["typical"]) == ("year_built", 2004, 1974)
    assert first_driver["effect"] > 10_000
    assert all(driver["value"] == sample[driver["feature"]] for driver in answer["drivers"])
    sizes = [abs(driver["effect"]) for driver in answer["drivers"]]
    assert sizes == sorted(sizes, reverse=True)


def test_answers_keep_the_order_of_their_houses_and_a_larger_house_costs_more(answers: list[Any]) -> None:
    _, large, small, middle, _ = (answer["price"] for answer in answers)
    assert small < middle < large


def test_a_house_like_none_in_the_training_data_is_priced_and_the_answer_says_so(answers: list[Any]) -> None:
    assert answers[-1]["unknown"] == ["neighborhood", "style", "heating"]
    assert 100_000 < answers[-1]["price"] < 400_000


@pytest.mark.parametrize(
    ("spoils", "says"),
    [
        ([renamed("living_area", "size")], "ames.csv: the header (row 1) lacks 'living_area' and has unknown 'size'"),
        ([dropped("price")], "ames.csv: the header (row 1) lacks 'price'"),
        ([cell(7, "price", "NaN")], "ames.csv row 7, column price: 'NaN' is not a number of at least 1000"),
        ([cell(9, "lot_area", "١٢٣٤")], "ames.csv row 9, column lot_area: '١٢٣٤' is not a whole number"),
        ([cell(4, "heating", "Cosy")], "ames.csv row 4, column heating: 'Cosy' is not one of Poor, Fair"),
        ([every("neighborhood", "")], "ames.csv row 2, column neighborhood: is missing"),
        ([first(0)], "ames.csv: 0 rows, at least 500 are needed"),
        ([first(1)], "ames.csv: 1 row, at least 500 are needed"),
        (
            [repeated(10)],
            "ames.csv row 765, all columns: repeats ames.csv row 764 (26374 of 29300 rows repeat an earlier one",
        ),
        ([cell(5, "year_built", "2012")], "ames.csv row 5, column year_built: 2012 with year_sold 2010; the sale came before"),
        ([cell(5, "year_remodeled", "1950")], "ames.csv row 5, column year_remodeled: 1950 with year_built 1968"),
        ([cell(6, "basement_unfinished", "9000")], "ames.csv row 6, column basement_unfinished: 9000 with basement_area"),
        ([cell(6, "garage_cars", "0")], "ames.csv row 6, column garage_cars: 0 with garage_area 482"),
        ([every("year_sold", "2010"), every("month_sold", "5")], "column month_sold: all 2930 sales are of one month"),
        ([appended("2010")], "ames.csv row 2932, column month_sold: is missing"),
    ],
)
def test_raw_data_that_cannot_be_is_refused_with_file_row_and_column(tmp_path: Path, spoils: list[Spoil], says: str) -> None:
    assert says in refusal("houses", tmp_path, *spoils)
