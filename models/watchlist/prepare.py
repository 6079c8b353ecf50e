"""Check the raw ratings and make queries of them: a viewer at a moment, who has rated some films and is about to rate others.

Why nothing leaks: a query's history is what its viewer rated up to its moment, its candidates are what the viewer rated next.
The features of a training query know the ratings of all viewers up to its moment and no later one. All of a training query,
its candidates included, lies before the cut-off, all moments of test queries after it, and a test query is answered by the
artifact, which learnt from ratings up to the cut-off alone. What remains: MovieLens let people rate long lists in one evening,
so that the order within an evening is that of its pages; ratings of one second stay on one side.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from knowledge import FEATURES, Knowledge
from modelkit import script, split
from modelkit.raw import BadData
from movielens.ratings import load
from threadpoolctl import threadpool_limits

LATER_SHARE = 0.2
"""Share of all ratings that lie after the cut-off."""
LEAST_HISTORY, LONGEST_HISTORY = 10, 60
LEAST_CANDIDATES, MOST_CANDIDATES = 10, 20
MOST_QUERIES = 8
"""Per viewer, spread over their time: a few rated thousands of films."""
LEAST_QUERIES = 50
"""Training and test queries without which neither would say anything."""


@dataclass(frozen=True)
class Query:
    """Rows of the table of ratings: `rated` and `candidates` of one viewer, `moment` between them."""

    viewer: int
    moment: int
    rated: np.ndarray
    candidates: np.ndarray


def queries(ratings: pd.DataFrame, first: float, last: float) -> list[Query]:
    """Return the queries with moments after `first` and candidates up to `last`, in the order of time."""
    made: list[Query] = []
    for viewer, own in ratings[ratings["timestamp"] <= last].groupby("viewer"):
        found = [query for query in _of_viewer(int(viewer), own) if query.moment > first]
        kept = np.unique(np.linspace(0, len(found) - 1, MOST_QUERIES).astype(int)) if found else []
        made += [found[index] for index in kept]
    return sorted(made, key=lambda query: (query.moment, query.viewer))


def _of_viewer(viewer: int, own: pd.DataFrame) -> Iterator[Query]:
    rows, times = own.index.to_numpy(), own["timestamp"].to_numpy()
    start = LEAST_HISTORY
    while start < len(rows):
        begin = int(np.searchsorted(times, times[start - 1], side="right"))
        end = min(begin + MOST_CANDIDATES, len(rows))
        if end - begin >= LEAST_CANDIDATES:
            yield Query(viewer, int(times[begin - 1]), rows[max(0, begin - LONGEST_HISTORY) : begin], rows[begin:end])
        start = end + 1


def featured(ratings: pd.DataFrame, films: pd.DataFrame, asked: list[Query]) -> pd.DataFrame:
    """Return a row for each candidate: query, features as of the query's moment, stars."""
    knowledge = Knowledge(films, ratings["viewer"].max() + 1)
    film, viewer, stars, times = (ratings[name].to_numpy() for name in ("film", "viewer", "rating", "timestamp"))
    told, tables = 0, []
    for number, query in enumerate(asked):
        now = int(np.searchsorted(times, query.moment, side="right"))
        knowledge.observe(film[told:now], viewer[told:now], stars[told:now])
        told = now
        found = knowledge.evidence(film[query.rated], stars[query.rated], film[query.candidates]).features
        tables.append(np.column_stack([np.full(len(found), number), found, stars[query.candidates]]))
    return pd.DataFrame(np.vstack(tables), columns=["query", *FEATURES, "stars"]).astype({"query": int}).round(6)


def requests(ratings: pd.DataFrame, asked: list[Query]) -> pd.DataFrame:
    """Return a row for each film of each query: query, userId, movieId, rating, and whether it is rated or a candidate."""
    tables = []
    for number, query in enumerate(asked):
        rows = ratings.loc[np.concatenate([query.rated, query.candidates]), ["userId", "movieId", "rating"]]
        role = ["rated"] * len(query.rated) + ["candidate"] * len(query.candidates)
        tables.append(rows.assign(query=number, moment=query.moment, role=role))
    return pd.concat(tables, ignore_index=True)


def main(paths: script.PreparePaths) -> None:
    """Write features, ratings and films for training; requests, and the ratings that the model knows, for the test."""
    threadpool_limits(1)  # of small matrices' products the second thread only waits for the first
    ratings, films = load(paths.input)
    ratings["film"] = np.searchsorted(films["movieId"], ratings["movieId"])
    ratings["viewer"] = ratings["userId"].factorize()[0]
    known = ratings[~split.by_time(ratings, "timestamp", LATER_SHARE)]
    cut = int(known["timestamp"].max())
    training, test = queries(ratings, 0, cut), queries(ratings, cut, np.inf)
    for name, found in (("before", training), ("after", test)):
        if len(found) < LEAST_QUERIES:
            raise BadData(
                f"ratings.csv, column timestamp: {len(found)} times {name} second {cut} somebody had rated {LEAST_HISTORY} films "
                f"and went on to rate {LEAST_CANDIDATES} more; at least {LEAST_QUERIES} are needed"
            )
    for folder in (paths.train, paths.test):
        script.write_table(folder, known[["film", "viewer", "rating"]], "ratings")
        script.write_table(folder, films, "films")
    script.write_table(paths.train, featured(known, films, training), "features")
    script.write_table(paths.test, requests(ratings, test), "requests")
    print(f"cut-off {pd.to_datetime(cut, unit='s').date()}: {len(training)} queries before, {len(test)} after")


if __name__ == "__main__":
    script.prepare(main)
