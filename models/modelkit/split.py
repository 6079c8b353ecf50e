"""Which rows are kept for the test set: never by chance, so that the same data is split the same way on every run."""

import hashlib
from collections.abc import Sequence

import pandas as pd


def by_content(table: pd.DataFrame, columns: Sequence[str], share: float) -> pd.Series:
    """Return for each row whether the test set has it, about `share` of all.

    The content of `columns` decides: equal rows never stand on both sides, and a row keeps its side when others are added.
    """
    texts = table[list(columns)].astype(object).fillna("").astype(str).agg("|".join, axis=1)
    return texts.map(lambda text: int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32) < share


def by_time(table: pd.DataFrame, column: str, share: float) -> pd.Series:
    """Return for each row whether it is later than the moment after which about `share` of all rows lie."""
    return table[column] > table[column].quantile(1 - share, interpolation="lower")
