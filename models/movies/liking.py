"""How much a rating says that somebody liked a film, and which films most people liked lately."""

import numpy as np
import pandas as pd

YEAR = 365.25 * 24 * 3600
"""Seconds."""
RECENT_YEARS = 2
"""Popularity of the last two years predicts better than that of all years, and than that of one (docs/models/movies.md)."""
ALL_YEARS = 1000
UNSURE = 3.0
"""A film's trend counts as if so many more viewers had liked it at the usual time."""


def liking(stars: pd.Series | np.ndarray) -> np.ndarray:
    """Return 0 (says nothing) to 1.2 for each number of stars."""
    return np.select([stars >= 4.5, stars >= 4, stars >= 3.5], [1.2, 1.0, 0.5], 0.0)


def popularity(ratings: pd.DataFrame, films: int, years: float = RECENT_YEARS) -> np.ndarray:
    """Return for each film how many viewers gave it 4 stars or more in the last `years` of `ratings`."""
    recent = ratings[(ratings["timestamp"] > ratings["timestamp"].max() - years * YEAR) & (ratings["rating"] >= 4)]
    return np.bincount(recent["film"], minlength=films).astype(np.float32)


def trend(ratings: pd.DataFrame, films: int) -> np.ndarray:
    """Return for each film the share of its likings that is recent, shrunk to that of all films."""
    recent, ever = popularity(ratings, films), popularity(ratings, films, ALL_YEARS)
    share: np.ndarray = (recent + UNSURE * recent.sum() / ever.sum()) / (ever + UNSURE)
    return share
