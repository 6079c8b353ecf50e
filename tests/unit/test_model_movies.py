"""The model `movies`: what it recommends is liked later more often than what is popular, and nothing of later is known to it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.model_runs import ModelRun, shuffled, spoil

ASKED: list[dict] = [
    {"user_id": 15, "count": 5},
    {"user_id": 999_999, "count": 3},
    {"liked": ["the MATRIX (1999)", "alien", "#296", "Nonsense", "Hamlet (2000)"], "count": 4},
    {},
    {"user_id": 15, "count": 5, "liked": ["Toy Story"]},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ModelRun:
    return ModelRun("movies", tmp_path_factory.mktemp("movies")).all()


@pytest.fixture(scope="module")
def said(run: ModelRun) -> list[dict]:
    """Answers to `ASKED`, all of one request."""
    return run.answers(ASKED)


def test_the_gate_holds_and_more_is_found_than_by_popularity_or_similar_films(run: ModelRun) -> None:
    metrics = run.metrics
    assert run.missed() == []
    for metric in ("hit_rate_at_10", "recall_at_10", "ndcg_at_10", "coverage"):
        assert metrics[metric] > metrics[f"reference_{metric}"] > metrics[f"baseline_{metric}"]
    assert metrics["ndcg_at_10_gain_low"] > 0
    curve = run.evaluation["plots"]["hit_rate"]
    assert curve["model"] == sorted(curve["model"])
    assert curve["model"][curve["length"].index(10)] == round(metrics["hit_rate_at_10"], 4)


def test_every_tested_rating_is_later_than_all_that_is_learnt_and_all_that_is_known_of_its_viewer(run: ModelRun) -> None:
    train, test = run.table("train", "ratings"), run.table("test", "ratings")
    assert set(train["part"]) == {"learn", "history"}
    tested = test[test["part"] == "test"]
    assert tested["timestamp"].min() > train.loc[train["part"] == "learn", "timestamp"].max()
    known = train.groupby("userId")["timestamp"].max()
    assert (tested["timestamp"] > tested["userId"].map(known)).all()
    pairs = ["userId", "movieId"]
    assert not set(map(tuple, tested[pairs].to_numpy())) & set(map(tuple, train[pairs].to_numpy()))


def test_the_weights_are_learnt_without_the_histories_after_the_cut_off(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("movies", tmp_path)
    table = run.table("train", "ratings")
    table[table["part"] == "learn"].to_csv(other.train / "ratings.csv", index=False)
    run.table("train", "films").to_csv(other.train / "films.csv", index=False)
    other.fit()
    joined = table.groupby("userId")["part"].unique().map(set)
    asked = [{"liked": ["#296", "#318"], "count": 20}, {"user_id": int(joined.index[joined == {"learn"}][0])}]
    assert other.answers(asked) == run.answers(asked)


def test_ratings_dealt_to_other_films_leave_nothing_to_find_beyond_popularity(run: ModelRun, tmp_path: Path) -> None:
    other = ModelRun("movies", tmp_path)
    other.test = run.test
    for name in ("ratings", "films"):
        run.table("train", name).to_csv(other.train / f"{name}.csv", index=False)
    spoil(other.train / "ratings.csv", shuffled("movieId"))
    other.fit()
    other.evaluate()
    assert other.metrics["ndcg_at_10"] < other.metrics["baseline_ndcg_at_10"]
    assert other.missed() != []


def test_a_rated_film_is_never_recommended_and_judging_is_against_the_whole_catalogue(run: ModelRun, said: list[dict]) -> None:
    films = run.table("test", "films")
    rated = run.table("train", "ratings").query("userId == 15")["movieId"]
    everything = run.answers([{"user_id": 15, "count": len(films)}])[0]["titles"]
    assert {title["movie_id"] for title in everything} == set(films["movieId"]) - set(rated)
    assert [title["rank"] for title in everything] == list(range(1, len(everything) + 1))
    assert everything[:5] == said[0]["titles"]


def test_the_same_data_gives_the_same_artifact_and_metrics(run: ModelRun, tmp_path: Path) -> None:
    again = ModelRun("movies", tmp_path).all()
    assert again.evaluation == run.evaluation


def test_the_sample_is_answered_with_titles_and_with_what_speaks_for_each(run: ModelRun, said: list[dict]) -> None:
    assert run.definition["sample"] == ASKED[0]
    answer = said[0]
    assert set(answer) == {"titles", "known_viewer"}
    assert answer["known_viewer"] is True
    assert [title["rank"] for title in answer["titles"]] == [1, 2, 3, 4, 5]
    scores = [title["score"] for title in answer["titles"]]
    assert scores == sorted(scores, reverse=True)
    rated = run.table("train", "ratings").query("userId == 15").merge(run.table("train", "films"), on="movieId")
    names = {f"you rated {row.title} ({row.year:.0f}) {row.rating:.1f}" for row in rated.itertuples()}
    assert {title["because"] for title in answer["titles"]} <= names


def test_the_reason_is_the_film_without_which_the_score_falls_most(run: ModelRun) -> None:
    liked = ["#296", "#318", "#1206", "#2571"]
    best = run.answers([{"liked": liked, "count": 1}])[0]["titles"][0]
    without = [[film for film in liked if film != left_out] for left_out in liked]
    scores = [
        next(title["score"] for title in answer["titles"] if title["movie_id"] == best["movie_id"])
        for answer in run.answers([{"liked": films, "count": 500} for films in without])
    ]
    speaker = int(liked[int(np.argmin(scores))].removeprefix("#"))
    title = run.table("test", "films").set_index("movieId")["title"][speaker]
    assert best["because"].startswith(f"you like {title}")


def test_somebody_unknown_gets_what_is_popular_and_is_told_so(said: list[dict]) -> None:
    for answer in (said[1], said[3]):
        assert answer["known_viewer"] is False
        assert answer["note"].startswith("no taste is known yet")
        assert answer["titles"][0]["because"] == "liked by 22 viewers in the last 2 years of the data"
    assert len(said[1]["titles"]) == 3
    assert len(said[3]["titles"]) == 10


def test_somebody_unknown_who_names_films_gets_what_goes_with_them(said: list[dict]) -> None:
    answer = said[2]
    assert answer["known_viewer"] is False
    assert "note" not in answer
    assert all(title["because"].startswith("you like ") for title in answer["titles"])
    assert answer["not_found"] == [
        "Nonsense: no film of the catalogue has this title",
        "Hamlet (2000): 2 films have this title; name one by number: #3598 (2000), #65665 (2000)",
    ]


def test_a_known_viewer_may_name_more_films(said: list[dict]) -> None:
    assert said[4]["known_viewer"] is True
    assert "Toy Story" not in [title["title"] for title in said[4]["titles"]]


def test_films_without_a_title_are_left_out_with_their_ratings(run: ModelRun) -> None:
    films = pd.read_csv(run.raw / "movies.csv")
    untitled = films.loc[films["title"].isna(), "movieId"]
    assert len(untitled) == 5
    assert not run.table("train", "films")["movieId"].isin(untitled).any()
    assert not run.table("test", "ratings")["movieId"].isin(untitled).any()
