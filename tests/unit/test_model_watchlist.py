"""The model `watchlist`: it puts films in a better order than their mean rating, from what was known before."""

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tests.unit.model_runs import MODELS, ModelRun

RATED = [
    {"title": "Heat (1995)", "stars": 4.5},
    {"title": "Pulp Fiction (1994)", "stars": 5},
    {"title": "Goodfellas (1990)", "stars": 5},
    {"title": "Titanic (1997)", "stars": 2},
    {"title": "Sleepless in Seattle (1993)", "stars": 1.5},
]
CANDIDATES = ["Toy Story (1995)", "You've Got Mail (1998)", "Reservoir Dogs (1992)", "Notting Hill (1999)", "Fargo (1996)"]
SAMPLE = {"rated": RATED, "candidates": CANDIDATES}
ROMANTIC = [{**entry, "stars": 5.5 - entry["stars"]} for entry in RATED]
ASKED: list[dict] = [
    SAMPLE,
    {"rated": ROMANTIC, "candidates": CANDIDATES},
    {"rated": [], "candidates": CANDIDATES},
    {
        "rated": [*RATED, {"title": "Nothing", "stars": 3}],
        "candidates": ["Nonsense", *CANDIDATES, "hamlet (2000)", CANDIDATES[0]],
    },
    {"rated": RATED, "candidates": ["Nonsense"]},
    {"rated": RATED, "candidates": ["#608"]},
    {"rated": [{"title": "fargo", "stars": 5}], "candidates": CANDIDATES},
]


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"watchlist_{name}", MODELS / f"watchlist/{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ModelRun:
    return ModelRun("watchlist", tmp_path_factory.mktemp("watchlist")).all()


@pytest.fixture(scope="module")
def said(run: ModelRun) -> list[dict]:
    """Answers to `ASKED`, all of one request."""
    return run.answers(ASKED)


def titles(answer: dict) -> list[str]:
    return [entry["title"] for entry in answer["ranking"]]


def test_the_gate_holds_and_the_order_is_better_than_by_mean_rating_or_matrix_factorisation(run: ModelRun) -> None:
    metrics = run.metrics
    assert run.missed() == []
    for metric in ("ndcg_at_5", "ndcg_at_10", "pairwise_accuracy"):
        assert metrics[metric] > metrics[f"reference_{metric}"] > metrics[f"baseline_{metric}"] > metrics[f"random_{metric}"]
        assert (
            0 < metrics[f"{metric}_gain_low"] < metrics[metric] - metrics[f"baseline_{metric}"] < metrics[f"{metric}_gain_high"]
        )
    assert metrics["random_pairwise_accuracy"] == pytest.approx(0.5, abs=0.02)


def test_the_probability_that_a_score_stands_for_is_at_most_eight_points_too_high_for_pairs_never_seen(run: ModelRun) -> None:
    curve = run.evaluation["plots"]["calibration"]
    assert np.abs(np.subtract(curve["said"], curve["true"])).max() < 0.08
    assert curve["true"] == pytest.approx(sorted(curve["true"]), abs=0.02)


def test_moments_candidates_and_training_stand_in_the_order_of_time(run: ModelRun) -> None:
    raw = pd.read_csv(run.raw / "ratings.csv")
    requests, learnt = run.table("test", "requests"), run.table("train", "ratings")
    times = requests.merge(raw, on=["userId", "movieId"])["timestamp"]
    rated = requests["role"] == "rated"
    cut = raw["timestamp"].nlargest(len(raw) - len(learnt)).min()
    assert (times[rated] <= requests["moment"][rated]).all()
    assert (times[~rated] > requests["moment"][~rated]).all()
    assert requests["moment"].min() >= cut - 24 * 3600
    assert requests["moment"].min() > raw.loc[raw["timestamp"] < cut, "timestamp"].max()
    assert run.table("train", "ratings").equals(run.table("test", "ratings"))


def test_what_is_rated_later_changes_no_feature_of_an_earlier_query(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("watchlist", tmp_path)
    middle = 1_100_000_000

    def upside_down(row: dict[str, str]) -> str:
        return row["rating"] if int(row["timestamp"]) <= middle else str(5.5 - float(row["rating"]))

    table = pd.read_csv(other.raw / "ratings.csv", dtype=str)
    table["rating"] = [upside_down(row) for row in table.to_dict("records")]
    table.to_csv(other.raw / "ratings.csv", index=False)
    other.prepare()
    plain, turned = run.table("train", "features"), other.table("train", "features")
    same = (plain == turned).drop(columns=["query", "stars"]).all(axis=1).groupby(plain["query"]).all()
    changed = np.flatnonzero(~same.to_numpy())
    assert changed[0] > 500
    assert len(changed) == len(same) - changed[0]


def test_stars_dealt_to_other_candidates_leave_no_order_to_learn(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("watchlist", tmp_path)
    other.test = run.test
    for name in ("ratings", "films", "features"):
        table = run.table("train", name)
        if name == "features":
            table["stars"] = table["stars"].sample(frac=1, random_state=7).to_numpy()
        table.to_csv(other.train / f"{name}.csv", index=False)
    other.fit()
    other.evaluate()
    assert other.metrics["pairwise_accuracy"] < other.metrics["baseline_pairwise_accuracy"]
    assert other.missed() != []


def test_the_same_data_gives_the_same_artifact_and_metrics(run: ModelRun, tmp_path: Path) -> None:
    assert ModelRun("watchlist", tmp_path).all().evaluation == run.evaluation


def test_ndcg_is_that_of_its_definition() -> None:
    measures = module("measures")
    stars, scores = np.array([1.0, 5.0, 3.0]), np.array([0.9, 0.5, 0.1])
    reached = 1 / math.log2(2) + 31 / math.log2(3)
    best = 31 / math.log2(2) + 7 / math.log2(3)
    assert measures.ndcg(scores, stars, 2) == pytest.approx(reached / best)
    assert measures.ndcg(stars, stars, 5) == 1
    assert measures.pairwise_accuracy(scores, stars) == pytest.approx(1 / 3)
    assert measures.pairwise_accuracy(np.zeros(3), stars) == 0.5


def test_the_sample_is_answered_with_an_order_and_its_reasons(run: ModelRun, said: list[dict]) -> None:
    assert run.definition["sample"] == SAMPLE
    ranking = said[0]["ranking"]
    assert titles(said[0]) == ["Fargo", "Reservoir Dogs", "Toy Story", "Notting Hill", "You've Got Mail"]
    assert [entry["rank"] for entry in ranking] == [1, 2, 3, 4, 5]
    assert "Pulp Fiction (1994), to which you gave 5.0" in ranking[0]["because"]
    assert "Sleepless in Seattle (1993), to which you gave 1.5" in ranking[3]["because"]
    assert "stars on average from" in ranking[0]["because"]
    assert set(said[0]) == {"ranking"}


def test_the_opposite_taste_gets_another_order(said: list[dict]) -> None:
    romantic, plain = titles(said[1]), titles(said[0])
    for film in ("Notting Hill", "You've Got Mail"):
        assert romantic.index(film) <= plain.index(film)
    gap = [{entry["title"]: entry["score"] for entry in answer["ranking"]}["Notting Hill"] for answer in (said[1], said[0])]
    assert gap[0] > gap[1]


def test_without_any_rating_the_films_stand_by_what_all_viewers_say(said: list[dict]) -> None:
    assert titles(said[2])[0] == "Fargo"
    assert all(math.isfinite(entry["score"]) for entry in said[2]["ranking"])
    assert all("you gave" not in entry["because"] for entry in said[2]["ranking"])


def test_unknown_titles_come_last_and_are_named(said: list[dict]) -> None:
    answer = said[3]
    assert titles(answer)[:5] == titles(said[0])
    assert titles(answer)[5:] == ["Nonsense", "hamlet (2000)"]
    assert [entry["score"] for entry in answer["ranking"][5:]] == [None, None]
    assert answer["unknown"] == [
        "Nonsense: no film of the catalogue has this title",
        "hamlet (2000): 2 films have this title; name one by number: #3598 (2000), #65665 (2000)",
    ]
    assert answer["rated_not_found"] == ["Nothing: no film of the catalogue has this title"]
    assert titles(said[4]) == ["Nonsense"]


def test_a_single_candidate_is_ranked_and_one_that_is_rated_is_judged_without_its_own_stars(said: list[dict]) -> None:
    assert (
        said[5]["ranking"][0] | {"rank": 1, "title": "Fargo", "score": 0.0, "because": "nothing sets it apart"}
        == said[5]["ranking"][0]
    )
    assert [entry["score"] for entry in said[6]["ranking"]] == [entry["score"] for entry in said[2]["ranking"]]
