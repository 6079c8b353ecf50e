"""Judge the trained artifact on what viewers liked later, through the very code that will serve it.

Each tested viewer gets a list out of the whole catalogue, less what they have rated already. A film on it is a hit if they
later gave it 4 stars or more. All metrics are means over viewers.
"""

import numpy as np
import pandas as pd
from liking import ALL_YEARS, RECENT_YEARS, liking, popularity
from modelkit import artifact, script

LENGTHS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50)
"""Lengths of a list that the plot shows."""
LONGEST = max(LENGTHS)
SHRINKAGE, LEAST_RATERS = 20, 3
"""Of the reference: films that few viewers liked, or rated at all, count less, or not."""
METRICS = ("hit_rate_at_10", "recall_at_10", "ndcg_at_10")
RESAMPLES = 1000
Lists = dict[int, list[int]]


def by_viewer(lists: Lists, liked: dict[int, set[int]], length: int = 10) -> np.ndarray:
    """Return hit rate, recall and NDCG (a hit gains 1) of the first `length` films of each list: a row for each viewer."""
    discount = 1 / np.log2(np.arange(2, length + 2))
    rows = []
    for viewer, films in lists.items():
        hits = np.array([film in liked[viewer] for film in films[:length]])
        best = discount[: min(length, len(liked[viewer]))].sum()
        rows.append((hits.any(), hits.sum() / len(liked[viewer]), discount[: len(hits)][hits].sum() / best))
    return np.array(rows, dtype=float)


def ranked(scores: np.ndarray, histories: dict[int, pd.DataFrame]) -> Lists:
    """Return for each viewer the films by their row of `scores`, without those in their history."""
    lists = {}
    for (viewer, own), row in zip(histories.items(), scores, strict=True):
        new = row.copy()
        new[own["film"]] = -np.inf
        lists[viewer] = np.argsort(-new, kind="stable")[:LONGEST].tolist()
    return lists


def item_knn(learnt: pd.DataFrame, size: int, histories: dict[int, pd.DataFrame]) -> np.ndarray:
    """Return the reference's scores: films similar (shrunk cosine) to those liked, as in Sarwar et al., WWW 2001."""
    counts = learnt["film"].value_counts()
    seen = np.sort(counts.index[counts >= LEAST_RATERS].to_numpy())
    x = _likings(dict(iter(learnt.groupby("userId"))), size)[:, seen]
    cosine = x.T @ x
    norms = np.sqrt(cosine.diagonal())
    cosine /= np.outer(norms, norms) + SHRINKAGE
    np.fill_diagonal(cosine, 0)
    scores = np.zeros((len(histories), size), np.float32)
    scores[:, seen] = _likings(histories, size)[:, seen] @ cosine
    return scores


def _likings(histories: dict[int, pd.DataFrame], size: int) -> np.ndarray:
    x = np.zeros((len(histories), size), np.float32)
    for row, own in enumerate(histories.values()):
        x[row, own["film"]] = liking(own["rating"])
    return x


def rivals(ratings: pd.DataFrame, size: int, histories: dict[int, pd.DataFrame]) -> tuple[Lists, Lists, Lists]:
    """Return the lists of what was popular lately, of what was ever popular, and of the reference; none knows the future."""
    learnt = ratings[ratings["part"] == "learn"]
    lately, ever = (np.tile(popularity(learnt, size, years), (len(histories), 1)) for years in (RECENT_YEARS, ALL_YEARS))
    return ranked(lately, histories), ranked(ever, histories), ranked(item_knn(learnt, size, histories), histories)


def main(paths: script.EvaluatePaths) -> None:
    """Write evaluation.json."""
    films, ratings = script.read_table(paths.test, "films"), script.read_table(paths.test, "ratings")
    ratings["film"] = np.searchsorted(films["movieId"], ratings["movieId"])
    test = ratings[(ratings["part"] == "test") & (ratings["rating"] >= 4)]
    liked = {viewer: set(own["film"]) for viewer, own in test.groupby("userId")}
    before = ratings[ratings["userId"].isin(liked) & (ratings["part"] != "test")]
    histories = dict(iter(before.groupby("userId")))
    with artifact.opened(paths) as opened:
        answers = opened.predict([{"user_id": viewer, "count": LONGEST} for viewer in liked])
        ids = ([title["movie_id"] for title in answer["titles"]] for answer in answers)
        lists = {viewer: np.searchsorted(films["movieId"], shown).tolist() for viewer, shown in zip(liked, ids, strict=True)}
        lately, ever, knn = rivals(ratings, len(films), histories)
        baseline = max(lately, ever, key=lambda popular: by_viewer(popular, liked)[:, METRICS.index("ndcg_at_10")].mean())
        named = {"": lists, "baseline_": baseline, "reference_": knn}
        judged = {prefix: by_viewer(made, liked) for prefix, made in named.items()}
        metrics = {f"{prefix}{name}": judged[prefix][:, at].mean() for prefix in named for at, name in enumerate(METRICS)}
        metrics |= {f"{prefix}coverage": _coverage(made, len(films)) for prefix, made in named.items()}
        metrics |= intervals(judged[""] - judged["baseline_"])
        metrics |= {"viewers": len(liked), "never_rated_before": _new_share(test, ratings)}
        artifact.write_evaluation(paths, opened, metrics, {"hit_rate": _curves(named, liked)})


def intervals(gains: np.ndarray) -> dict[str, float]:
    """Return the bounds of the 95 % interval of each metric's mean gain, by bootstrap over viewers."""
    drawn = np.random.default_rng(7).integers(0, len(gains), (RESAMPLES, len(gains)))
    bounds = np.quantile(gains[drawn].mean(axis=1), [0.025, 0.975], axis=0)
    sides = enumerate(("low", "high"))
    return {f"{name}_gain_{side}": float(bounds[row, at]) for row, side in sides for at, name in enumerate(METRICS)}


def _coverage(lists: Lists, size: int) -> float:
    return len({film for films in lists.values() for film in films[:10]}) / size


def _new_share(test: pd.DataFrame, ratings: pd.DataFrame) -> float:
    """Return the share of liked films that nobody had rated before the cut-off: no model of this kind can find them."""
    return float((~test["film"].isin(ratings["film"][ratings["part"] == "learn"])).mean())


def _curves(named: dict[str, Lists], liked: dict[int, set[int]]) -> dict[str, list[float]]:
    curves = {
        prefix.rstrip("_") or "model": [round(float(by_viewer(made, liked, length)[:, 0].mean()), 4) for length in LENGTHS]
        for prefix, made in named.items()
    }
    return {"length": list(LENGTHS), **curves}


if __name__ == "__main__":
    script.evaluate(main)
