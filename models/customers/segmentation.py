"""From behaviour to segments; train.py, serve.py and evaluate.py share it."""

from dataclasses import dataclass
from typing import Any

import bgnbd
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

WEEKS = 39
"""For how long purchases are expected; prepare.py keeps as much of the log for judging."""


@dataclass(frozen=True)
class Segmentation:
    """Segments as points in a plane: purchases to expect and dollars spent, logarithms of mean 0 and variance 1."""

    behaviour: dict[str, float]
    """Parameters of the BG/NBD model."""
    mean: np.ndarray
    scale: np.ndarray
    centres: np.ndarray
    """One row per segment; the segment to expect least of comes first."""

    def expected(self, table: pd.DataFrame) -> np.ndarray:
        """Return the purchases to expect of each customer in the next 39 weeks."""
        return bgnbd.expected(self.behaviour, table, WEEKS)

    def places(self, table: pd.DataFrame) -> np.ndarray:
        """Return where each customer stands in the plane."""
        return (_plane(self.behaviour, table) - self.mean) / self.scale

    def distances(self, table: pd.DataFrame) -> np.ndarray:
        """Return each customer's distance from each centre."""
        return np.linalg.norm(self.places(table)[:, None, :] - self.centres[None, :, :], axis=2)


def _plane(behaviour: dict[str, float], table: pd.DataFrame) -> np.ndarray:
    purchases = bgnbd.expected(behaviour, table, WEEKS)
    return np.column_stack([np.log1p(purchases), np.log1p(np.asarray(table["dollars"], float))])


def fit(table: pd.DataFrame, segments: int, seed: int) -> Segmentation:
    """Return segments learned from the behaviour in `table`."""
    behaviour = bgnbd.fit(table)
    plane = _plane(behaviour, table)
    mean, scale = plane.mean(axis=0), plane.std(axis=0)
    with threadpool_limits(1):  # threads add up in any order, and the last digit of a centre would change from run to run
        means = KMeans(segments, n_init=10, random_state=seed).fit((plane - mean) / scale)
    centres = means.cluster_centers_
    return Segmentation(behaviour, mean, scale, centres[np.argsort(centres.sum(axis=1))])


def profile(members: pd.DataFrame, later: pd.DataFrame, everybody: int) -> dict[str, Any]:
    """Return what a segment's customers are like, and what became of them."""
    return {
        "customers": len(members),
        "share": round(len(members) / everybody, 3),
        "median purchases": float(members["purchases"].median()),
        "median days since the last": float(members["recency_days"].median()),
        "median dollars spent": round(float(members["dollars"].median()), 2),
        "median items": float(members["items"].median()),
        f"purchases in the following {WEEKS} weeks": round(float(later["purchases"].mean()), 2),
        f"dollars in the following {WEEKS} weeks": round(float(later["dollars"].mean()), 2),
    }


def names(profiles: list[dict[str, Any]], tenure_days: float) -> list[str]:
    """Return a name for each segment, by rules, so that the same segments always have the same names."""
    plain = [_plain_name(one, tenure_days) for one in profiles]
    return [_distinguished(index, plain, profiles) for index in range(len(plain))]


def _plain_name(one: dict[str, Any], tenure_days: float) -> str:
    purchases = one["median purchases"]
    noun = next(
        noun
        for least, noun in ((5, "loyal regulars"), (3, "regulars"), (2, "repeat buyers"), (0, "one-time buyers"))
        if purchases >= least
    )
    quiet = purchases >= 2 and one["median days since the last"] > tenure_days / 2
    return f"lapsing {noun}" if quiet else noun


def _distinguished(index: int, plain: list[str], profiles: list[dict[str, Any]]) -> str:
    same = [other for other, name in enumerate(plain) if name == plain[index]]
    by_dollars = sorted(same, key=lambda other: (profiles[other]["median dollars spent"], other))
    sizes = {1: [""], 2: [", small", ", large"], 3: [", small", ", medium", ", large"]}.get(len(same))
    place = by_dollars.index(index)
    return plain[index] + (sizes[place] if sizes else f", {place + 1} of {len(same)} by size")
