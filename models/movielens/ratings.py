"""The raw ratings and films, checked: every refusal with file, row and column."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from modelkit.columns import integer, number, text
from modelkit.raw import BadData, Raw, problems_of, read, refuse_repetition, require_rows

RATINGS = [
    integer("userId", 1, 10**9),
    integer("movieId", 1, 10**9),
    number("rating", 0.5, 5),
    integer("timestamp", 788918400, 4102444800),
]
"""`timestamp` is in seconds, between the years 1995, when MovieLens began, and 2100: milliseconds are refused."""
FILMS = [
    integer("movieId", 1, 10**9),
    text("title", longest=250, optional=True),
    integer("year", 1870, 2100, optional=True),
    text("genres", longest=250, optional=True),
]
LEAST_RATINGS, LEAST_VIEWERS, LEAST_FILMS = 5000, 100, 200
MOST_UNTITLED = 0.01
"""Share of films that may lack a title. They cannot be shown to anybody and are left out, with their ratings."""
UNREADABLE = r"[\x00-\x1f\x7f�]"
"""Control characters, and what is left of a letter that was read in a wrong encoding."""


def load(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ratings in the order of time, and the films that have a title.

    Raises
    ------
    BadData
        Also where a rating's film is not in movies.csv, is rated twice by one viewer, or was rated before there was such a film.
    """
    ratings, films = read(folder, RATINGS, "ratings.csv"), read(folder, FILMS, "movies.csv")
    require_rows(films, LEAST_FILMS)
    refuse_repetition(films, ["movieId"])
    problems_of(_of_films(films))
    require_rows(ratings, LEAST_RATINGS)
    refuse_repetition(ratings, ["userId", "movieId"])
    problems_of(_of_ratings(ratings, films.table))
    viewers = ratings.table["userId"].nunique()
    if viewers < LEAST_VIEWERS:
        raise BadData(f"ratings.csv, column userId: {viewers} viewers, at least {LEAST_VIEWERS} are needed")
    titled = films.table[films.table["title"].notna()].sort_values("movieId", ignore_index=True)
    kept = ratings.table[ratings.table["movieId"].isin(titled["movieId"])]
    print(f"left out: {len(films.table) - len(titled)} films without a title, with {len(ratings.table) - len(kept)} ratings")
    return kept.sort_values(["timestamp", "userId", "movieId"], ignore_index=True), titled


def _of_films(films: Raw) -> Iterator[str]:
    table = films.table
    for index in table.index[table["title"].str.contains(UNREADABLE, na=False)]:
        yield f"{films.where(index)}, column title: {table['title'][index]!r} has unreadable characters; save the file as UTF-8"
    untitled = table.index[table["title"].isna()]
    if len(untitled) > MOST_UNTITLED * len(table):
        yield (
            f"{films.where(untitled[0])}, column title: is missing ({len(untitled)} of {len(table)} films have none, "
            f"at most {MOST_UNTITLED:.0%} may)"
        )


def _of_ratings(ratings: Raw, films: pd.DataFrame) -> Iterator[str]:
    table = ratings.table
    uneven = (table["rating"] * 2) % 1 != 0
    for index in table.index[uneven]:
        yield f"{ratings.where(index)}, column rating: {table['rating'][index]} is not in half stars, 0.5 to 5"
    for index in table.index[~table["movieId"].isin(films["movieId"])]:
        yield f"{ratings.where(index)}, column movieId: there is no film {table['movieId'][index]} in movies.csv"
    made = table["movieId"].map(films.set_index("movieId")["year"])
    rated = pd.to_datetime(table["timestamp"], unit="s").dt.year
    for index in table.index[rated < made - 1]:  # previews: one film was rated in the December before its year
        yield (
            f"{ratings.where(index)}, column timestamp: film {table['movieId'][index]} of {made[index]:.0f} was rated "
            f"in {rated[index]}"
        )
    if table["rating"].nunique() == 1:
        yield f"{ratings.where(0)}, column rating: all ratings are {table['rating'][0]}; there is no taste to learn"
