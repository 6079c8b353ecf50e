"""Judge the trained artifact on what viewers rated after the cut-off, through the very code that will serve it.

NDCG has the gain 2^stars - 1 (stars 0.5 to 5) and the discount 1 / log2(rank + 1); pairwise accuracy is the share of pairs of
candidates with different stars that stand in the right order, ties counting half. A query whose candidates all got the same
stars says nothing and is left out. Metrics are means over a viewer's queries, then over viewers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from measures import interval, ndcg, pairwise_accuracy
from modelkit import artifact, script
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

METRICS = ("ndcg_at_5", "ndcg_at_10", "pairwise_accuracy")
UNSURE, FACTORS, PENALTY = 5.0, 20, 10.0
"""Of baseline and reference: shrinkage of means in ratings, rank, and ridge of a viewer's factors."""


@dataclass(frozen=True)
class Judged:
    """A query's candidates: what their viewer gave them, and their scores by each order that is compared."""

    viewer: int
    stars: np.ndarray
    scores: dict[str, np.ndarray]


def by_viewer(queries: list[Judged], order: str) -> pd.DataFrame:
    """Return the metrics of the order by the scores called `order`: a row for each viewer."""
    rows = []
    for query in queries:
        scores, stars = query.scores[order], query.stars
        rows.append((query.viewer, ndcg(scores, stars, 5), ndcg(scores, stars, 10), pairwise_accuracy(scores, stars)))
    return pd.DataFrame(rows, columns=["viewer", *METRICS]).groupby("viewer").mean()


class Rivals:
    """Baseline and reference, learnt from the same ratings as the model."""

    def __init__(self, ratings: pd.DataFrame, size: int) -> None:
        film, viewer = ratings["film"].to_numpy(), ratings["viewer"].to_numpy()
        self._mean = ratings["rating"].mean()
        self.film_mean = self._shrunk(ratings["rating"] - self._mean, film, size)
        beyond = ratings["rating"] - self._mean - self.film_mean[film]
        beyond = beyond - self._shrunk(beyond, viewer, viewer.max() + 1)[viewer]
        matrix = csr_matrix((beyond, (viewer, film)), (viewer.max() + 1, size))
        _, strength, films = svds(matrix, k=FACTORS, v0=np.ones(min(matrix.shape)))
        self._factors = films.T * np.sqrt(strength)

    def matrix_factorisation(self, rated: np.ndarray, stars: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Return the expected stars, as far as they differ: film mean, and the viewer's factors by ridge from what they rated."""
        own = self._factors[rated]
        beyond = stars - self._mean - self.film_mean[rated]
        beyond = beyond - beyond.sum() / (len(beyond) + UNSURE)
        viewer = np.linalg.solve(own.T @ own + PENALTY * np.eye(FACTORS), own.T @ beyond)
        expected: np.ndarray = self.film_mean[candidates] + self._factors[candidates] @ viewer
        return expected

    @staticmethod
    def _shrunk(values: pd.Series, index: np.ndarray, size: int) -> np.ndarray:
        total, count = np.bincount(index, values, size), np.bincount(index, minlength=size)
        return total / (count + UNSURE)


def judged(opened: artifact.Opened, requests: pd.DataFrame, rivals: Rivals) -> list[Judged]:
    """Return the queries that say something, with the scores `model`, `baseline`, `reference` and `random`."""
    rated, candidates = (dict(iter(requests[requests["role"] == role].groupby("query"))) for role in ("rated", "candidate"))
    queries = [(rated[query], own) for query, own in candidates.items() if own["rating"].nunique() > 1]
    answers = opened.predict([_instance(before, own) for before, own in queries])
    chance = np.random.default_rng(7)
    found = []
    for (before, own), answer in zip(queries, answers, strict=True):
        films = own["film"].to_numpy()
        by_film = {entry["movie_id"]: entry["score"] for entry in answer["ranking"]}
        scores = {
            "model": np.array([by_film[film] for film in own["movieId"]]),
            "baseline": rivals.film_mean[films],
            "reference": rivals.matrix_factorisation(before["film"].to_numpy(), before["rating"].to_numpy(), films),
            "random": chance.random(len(films)),
        }
        found.append(Judged(int(own["userId"].iloc[0]), own["rating"].to_numpy(), scores))
    return found


def _instance(rated: pd.DataFrame, candidates: pd.DataFrame) -> dict[str, Any]:
    films = zip(rated["movieId"], rated["rating"], strict=True)
    return {
        "rated": [{"title": f"#{film}", "stars": stars} for film, stars in films],
        "candidates": [f"#{film}" for film in candidates["movieId"]],
    }


def calibration(queries: list[Judged]) -> dict[str, list[float]]:
    """Return, for pairs by how sure the model is of their order, how often it is right."""
    sure, right = [], []
    for query in queries:
        better, worse = np.nonzero(query.stars[:, None] > query.stars)
        ahead = query.scores["model"][better] - query.scores["model"][worse]
        sure.append(1 / (1 + np.exp(-np.abs(ahead))))
        right.append(ahead > 0)
    table = pd.DataFrame({"said": np.concatenate(sure), "true": np.concatenate(right)})
    means = table.groupby(pd.qcut(table["said"], 10, labels=False)).mean().round(4)
    return {name: means[name].tolist() for name in means}


def main(paths: script.EvaluatePaths) -> None:
    """Write evaluation.json."""
    films, requests = script.read_table(paths.test, "films"), script.read_table(paths.test, "requests")
    requests["film"] = np.searchsorted(films["movieId"], requests["movieId"])
    rivals = Rivals(script.read_table(paths.test, "ratings"), len(films))
    with artifact.opened(paths) as opened:
        queries = judged(opened, requests, rivals)
        tables = {name: by_viewer(queries, name) for name in ("model", "baseline", "reference", "random")}
        metrics = {name: tables["model"][name].mean() for name in METRICS}
        for rival in ("baseline", "reference", "random"):
            metrics |= {f"{rival}_{name}": tables[rival][name].mean() for name in METRICS}
        gains = {name: interval((tables["model"] - tables["baseline"])[name].to_numpy()) for name in METRICS}
        metrics |= {f"{name}_gain_{side}": gains[name][at] for name in METRICS for at, side in enumerate(("low", "high"))}
        metrics |= {"queries": len(queries), "viewers": len(tables["model"])}
        artifact.write_evaluation(paths, opened, metrics, {"calibration": calibration(queries)})


if __name__ == "__main__":
    script.evaluate(main)
