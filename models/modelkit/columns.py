"""What a column of raw data must hold, and which rows do not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
"""Texts that stand for a missing value."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column by name, with what every one of its values must be.

    `minimum` and `maximum` are inclusive: of the number, or of a text's length in characters. `choices` are the only texts
    allowed. A missing value is allowed only where `optional`.
    """

    name: str
    kind: Literal["number", "integer", "text"] = "number"
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    optional: bool = False

    @property
    def wanted(self) -> str:
        """What a value must be, in words."""
        if self.choices is not None:
            return f"one of {', '.join(self.choices)}"
        noun = {"number": "a number", "integer": "a whole number", "text": "a text"}[self.kind]
        unit = " characters" if self.kind == "text" else ""
        bounds = [
            f"{word} {bound:g}{unit}"
            for word, bound in (("at least", self.minimum), ("at most", self.maximum))
            if bound is not None
        ]
        of = " of " if bounds else ""
        return f"{noun}{of}{' and '.join(bounds)}"

    def parse(self, texts: pd.Series) -> tuple[pd.Series, pd.Series]:
        """Return the values, and for each whether it is wrong."""
        missing = texts.isin(MISSING)
        if self.kind == "text" or self.choices is not None:
            values, wrong = self._texts(texts)
        else:
            values, wrong = self._numbers(texts)
        wrong = (wrong & ~missing) | (missing & (not self.optional))
        return values.mask(missing), wrong

    def _texts(self, texts: pd.Series) -> tuple[pd.Series, pd.Series]:
        if self.choices is not None:
            return texts, ~texts.isin(self.choices)
        return texts, self._out_of_bounds(texts.str.len())

    def _numbers(self, texts: pd.Series) -> tuple[pd.Series, pd.Series]:
        taken = np.isfinite(pd.to_numeric(texts.where(texts.map(str.isascii), ""), errors="coerce").astype(float))
        # pandas 2 rounds the last digit in another way than Python, which reads what it has written bit for bit.
        values = texts.where(taken, "nan").map(float).astype(float)
        wrong = ~np.isfinite(values) | self._out_of_bounds(values)
        if self.kind == "integer":
            wrong |= values != np.floor(values)
        return values, wrong

    def _out_of_bounds(self, values: pd.Series) -> pd.Series:
        below = values < (-np.inf if self.minimum is None else self.minimum)
        return below | (values > (np.inf if self.maximum is None else self.maximum))


def number(name: str, minimum: float | None = None, maximum: float | None = None, *, optional: bool = False) -> Column:
    """Column of finite numbers."""
    return Column(name=name, minimum=minimum, maximum=maximum, optional=optional)


def integer(name: str, minimum: float | None = None, maximum: float | None = None, *, optional: bool = False) -> Column:
    """Column of whole numbers."""
    return Column(name=name, kind="integer", minimum=minimum, maximum=maximum, optional=optional)


def text(name: str, *, longest: int = 200, optional: bool = False) -> Column:
    """Column of texts of 1 to `longest` characters, in any script."""
    return Column(name=name, kind="text", minimum=1, maximum=longest, optional=optional)


def choice(name: str, *choices: str, optional: bool = False) -> Column:
    """Column of texts, each of which is one of `choices`."""
    return Column(name=name, kind="text", choices=choices, optional=optional)


def finished(column: Column, values: pd.Series) -> pd.Series:
    """Return `values`, whole numbers as such where none is missing."""
    return values.astype("int64") if column.kind == "integer" and not column.optional else values


def some(rows: list[int], most: int = 5) -> Iterator[str]:
    """Yield the first of `rows` as words."""
    yield from map(str, rows[:most])
    if len(rows) > most:
        yield "..."
