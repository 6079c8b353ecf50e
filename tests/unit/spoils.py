"""Changes of a CSV file, each of which raw data suffers some day; model_runs.refusal applies them.

Row numbers are those of a spreadsheet: the header is row 1.
"""

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd

Rows = list[list[str]]
Spoil = Callable[[Rows], Rows]


def spoil(file: Path, *spoils: Spoil) -> None:
    """Change the CSV `file` in place."""
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    for change in spoils:
        rows = change(rows)
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def cell(row: int, column: str, value: str) -> Spoil:
    """Put `value` into one cell, e.g. "", "NaN", "١٢" (digits that are not ASCII)."""

    def change(rows: Rows) -> Rows:
        rows[row - 1][rows[0].index(column)] = value
        return rows

    return change


def every(column: str, value: str | Callable[[str], str]) -> Spoil:
    """Put `value` into all cells of a column, or what it makes of each: labels emptied, one class only."""

    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        for row in rows[1:]:
            row[at] = value if isinstance(value, str) else value(row[at])
        return rows

    return change


def renamed(column: str, to: str) -> Spoil:
    """Give a column another name."""
    return lambda rows: [[to if name == column else name for name in rows[0]], *rows[1:]]


def dropped(column: str) -> Spoil:
    """Leave a column out."""

    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        return [row[:at] + row[at + 1 :] for row in rows]

    return change


def first(count: int) -> Spoil:
    """Keep the header and `count` rows."""
    return lambda rows: rows[: count + 1]


def repeated(times: int) -> Spoil:
    """Repeat all rows."""
    return lambda rows: [rows[0], *rows[1:] * times]


def appended(*values: str) -> Spoil:
    """Add a row at the end."""
    return lambda rows: [*rows, list(values)]


def keeping(keep: Callable[[dict[str, str]], bool]) -> Spoil:
    """Keep only rows for which `keep` is true."""
    return lambda rows: [rows[0], *(row for row in rows[1:] if keep(dict(zip(rows[0], row, strict=True))))]


def shuffled(column: str, seed: int = 7) -> Spoil:
    """Shuffle a column's values over the rows: a model that learns from the others then falls to chance."""

    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        values = pd.Series([row[at] for row in rows[1:]]).sample(frac=1, random_state=seed).tolist()
        for row, value in zip(rows[1:], values, strict=True):
            row[at] = value
        return rows

    return change
