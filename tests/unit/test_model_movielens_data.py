"""The dataset `movielens` of the models movies and watchlist: what is refused and where, and how a film is named."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.model_runs import (
    MODELS,
    ModelRun,
    appended,
    cell,
    dropped,
    every,
    first,
    keeping,
    refusal,
    renamed,
    repeated,
    spoil,
)


@pytest.mark.parametrize(
    ("file", "spoils", "expected"),
    [
        ("ratings.csv", [renamed("rating", "stars")], "ratings.csv: the header (row 1) lacks 'rating' and has unknown 'stars'"),
        ("ratings.csv", [dropped("timestamp")], "ratings.csv: the header (row 1) lacks 'timestamp'"),
        ("ratings.csv", [first(0)], "ratings.csv: 0 rows, at least 5000 are needed"),
        ("ratings.csv", [first(1)], "ratings.csv: 1 row, at least 5000 are needed"),
        ("ratings.csv", [cell(7, "rating", "NaN")], "ratings.csv row 7, column rating: 'NaN' is not a number"),
        ("ratings.csv", [cell(7, "rating", "")], "ratings.csv row 7, column rating: is missing"),
        ("ratings.csv", [cell(7, "rating", "٤")], "ratings.csv row 7, column rating: '٤' is not a number of at least 0.5 and at most 5"),
        ("ratings.csv", [cell(7, "rating", "3.7")], "ratings.csv row 7, column rating: 3.7 is not in half stars, 0.5 to 5"),
        ("ratings.csv", [every("rating", "4.0")], "ratings.csv row 2, column rating: all ratings are 4.0; there is no taste to learn"),
        ("ratings.csv", [cell(9, "movieId", "7777777")], "ratings.csv row 9, column movieId: there is no film 7777777 in movies.csv"),
        ("ratings.csv", [cell(9, "timestamp", "1260759108000")], "ratings.csv row 9, column timestamp: '1260759108000' is not a whole number"),
        ("ratings.csv", [appended("671", "58559", "4.0", "800000000")], "column timestamp: film 58559 of 2008 was rated in 1995"),
        ("ratings.csv", [repeated(10)], "ratings.csv row 100006, column userId, movieId: repeats ratings.csv row 2"),
        ("ratings.csv", [every("userId", "1")], "column userId, movieId: repeats"),
        ("ratings.csv", [keeping(lambda row: int(row["userId"]) < 40)], "column userId: 39 viewers, at least 100 are needed"),
        ("ratings.csv", [every("timestamp", "1476640000")], "column timestamp: 0 viewers have 5 ratings and later ones"),
        ("movies.csv", [cell(3, "title", "JumanjiÃ�")], "movies.csv row 3, column title: 'JumanjiÃ�' has unreadable characters"),
        ("movies.csv", [cell(3, "year", "MCMXCV")], "movies.csv row 3, column year: 'MCMXCV' is not a whole number"),
        ("movies.csv", [cell(3, "movieId", "1")], "movies.csv row 3, column movieId: repeats movies.csv row 2"),
        ("movies.csv", [every("title", "")], "movies.csv row 2, column title: is missing (9066 of 9066 films have none, at most 1% may)"),
        ("movies.csv", [first(1)], "movies.csv: 1 row, at least 200 are needed"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_trained_on_is_refused_with_its_place(tmp_path: Path, file: str, spoils: list, expected: str) -> None:
    assert expected in refusal("movies", tmp_path, *spoils, file=file)


def test_raw_data_without_the_films_says_which_file_is_missing(tmp_path: Path) -> None:
    other = ModelRun("movies", tmp_path)
    (other.raw / "movies.csv").unlink()
    done = other.start_prepare()
    assert done.returncode == 1
    assert "the raw data has no file movies.csv" in done.stderr


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        ([cell(7, "rating", "6")], "ratings.csv row 7, column rating: '6' is not a number of at least 0.5 and at most 5"),
        ([cell(7, "movieId", "7777777")], "ratings.csv row 7, column movieId: there is no film 7777777 in movies.csv"),
        (
            [
                keeping(lambda row: row["timestamp"] < "0"),
            ],
            "ratings.csv: 0 rows, at least 5000 are needed",
        ),
        ([every("timestamp", "1476640000")], "column timestamp: 0 times before second 1476640000 somebody had rated 10 films"),
    ],
)
def test_data_without_an_order_to_learn_is_refused_with_its_place(tmp_path: Path, spoils: list, expected: str) -> None:
    assert expected in refusal("watchlist", tmp_path, *spoils)


def test_films_that_are_not_in_the_file_of_films_are_refused(tmp_path: Path) -> None:
    other = ModelRun("watchlist", tmp_path)
    spoil(other.raw / "movies.csv", keeping(lambda row: row["movieId"] != "31"))
    done = other.start_prepare()
    assert done.returncode == 1
    assert "column movieId: there is no film 31 in movies.csv" in done.stderr


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("Matrix, The (1999)", 1),
        ("the matrix", 1),
        ("THE MATRIX (1999)", 1),
        ("#2571", 1),
        ("Leon", 2),
        ("Léon (1994)", 2),
        ("8 1/2", 0),
    ],
)
def test_a_film_is_found_by_title_year_or_number_however_it_is_written(asked: str, index: int) -> None:
    table = pd.DataFrame(
        {"movieId": [1, 2571, 3], "title": ["8 1/2", "Matrix, The", "Léon"], "year": [1963, 1999, 1994], "genres": ["", "", ""]}
    )
    spec = importlib.util.spec_from_file_location("movielens_films", MODELS / "movielens/films.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    films = module.Films(table)
    assert films.find(asked) == index
    assert films.find(films.name(index)) == index
