"""Raw data: read strictly, every refusal with file, row and column.

A row's number is the one that a spreadsheet shows: the header is row 1.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from modelkit.columns import Column, finished, some

MOST_PROBLEMS = 5
"""Problems told at once."""


class BadData(Exception):
    """The raw data cannot be trained on; the text says where and why."""


@dataclass(frozen=True)
class Raw:
    """A table, and where each of its rows came from."""

    table: pd.DataFrame
    files: Sequence[tuple[str, int]]
    """Name of each file, and the index of its first row in the table."""

    def where(self, index: int) -> str:
        """Return file and row of the table's row `index`."""
        file, first = self.files[bisect_right([start for _, start in self.files], index) - 1]
        return f"{file} row {index - first + 2}"


def read(folder: Path, columns: Sequence[Column], pattern: str = "*.csv") -> Raw:
    """Return all files of `folder` that match `pattern`, in the order of their names, as one table.

    Raises
    ------
    BadData
        If there is no file, one is no CSV table in UTF-8, has other columns, or holds a value that its column does not allow.
    """
    files = sorted(file for file in folder.rglob(pattern) if not file.name.startswith("_"))
    if not files:
        raise BadData(f"the raw data has no file {pattern}; put one there with: mlp data put")
    tables: list[pd.DataFrame] = []
    starts: list[tuple[str, int]] = []
    problems: list[str] = []
    for file in files:
        table, found = _checked(file.name, _texts(file, columns), columns)
        starts.append((file.name, sum(map(len, tables))))
        tables.append(table)
        problems += found
    if problems:
        more = f"; and {len(problems) - MOST_PROBLEMS} more columns" if len(problems) > MOST_PROBLEMS else ""
        raise BadData("; ".join(problems[:MOST_PROBLEMS]) + more)
    return Raw(pd.concat(tables, ignore_index=True), starts)


def _texts(file: Path, columns: Sequence[Column]) -> pd.DataFrame:
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise BadData(f"{file.name} row {row}: byte {error.object[error.start]:#04x} is not UTF-8; save it as UTF-8") from None
    except ValueError as error:
        raise BadData(f"{file.name} is not a CSV table: {' '.join(str(error).split())}") from None
    names = [column.name for column in columns]
    missing, unknown = [n for n in names if n not in table.columns], [n for n in table.columns if n not in names]
    if missing or unknown:
        lists = [
            f"{word} {', '.join(map(repr, found))}" for word, found in (("lacks", missing), ("has unknown", unknown)) if found
        ]
        raise BadData(f"{file.name}: the header (row 1) {' and '.join(lists)}; expected the columns {', '.join(names)}")
    return table[names].fillna("")


def _checked(file: str, texts: pd.DataFrame, columns: Sequence[Column]) -> tuple[pd.DataFrame, list[str]]:
    values, problems = {}, []
    for column in columns:
        parsed, wrong = column.parse(texts[column.name])
        rows = [int(index) + 2 for index in texts.index[wrong]]
        if rows:
            problems.append(_problem(file, column, texts[column.name][rows[0] - 2], rows))
        else:
            values[column.name] = finished(column, parsed)
    return pd.DataFrame(values), problems


def _problem(file: str, column: Column, got: str, rows: list[int]) -> str:
    many = f" ({len(rows)} such rows: {', '.join(some(rows))})" if len(rows) > 1 else ""
    what = f"{got[:60]!r} is not {column.wanted}" if got.strip() else f"is missing, must be {column.wanted}"
    return f"{file} row {rows[0]}, column {column.name}: {what}{many}"


def require_rows(raw: Raw, least: int) -> None:
    """Raise BadData if there are fewer than `least` rows."""
    if len(raw.table) < least:
        names = ", ".join(name for name, _ in raw.files)
        raise BadData(f"{names}: {len(raw.table)} row{'s' * (len(raw.table) != 1)}, at least {least} are needed")


def refuse_repetition(raw: Raw, columns: Sequence[str], most: float = 0.0) -> None:
    """Raise BadData if more than the share `most` of all rows repeat an earlier row in `columns`."""
    repeats = raw.table.duplicated(list(columns))
    if not repeats.sum() > most * len(raw.table):
        return
    index = int(repeats.to_numpy().argmax())
    rows, repeat = raw.table[list(columns)], raw.table.loc[index, list(columns)]
    first = int(((rows == repeat) | (rows.isna() & repeat.isna())).all(axis=1).to_numpy().argmax())
    shown = f"column {', '.join(columns)}" if len(columns) < 5 else "all columns"
    allowed = f", at most {most:.0%} may" if most else ""
    raise BadData(
        f"{raw.where(index)}, {shown}: repeats {raw.where(first)} "
        f"({int(repeats.sum())} of {len(raw.table)} rows repeat an earlier one{allowed})"
    )


def require_balance(raw: Raw, column: str, labels: Sequence[str], least: int) -> None:
    """Raise BadData unless each of `labels` stands at least `least` times in `column`."""
    counts = raw.table[column].value_counts()
    if any(counts.get(label, 0) < least for label in labels):
        seen = ", ".join(f"{label!r} {counts.get(label, 0)} times" for label in labels)
        raise BadData(f"column {column}: {seen}; each label is needed at least {least} times")


def problems_of(checks: Iterator[str]) -> None:
    """Raise BadData with the first of a model's own `checks`, each a sentence with file, row and column."""
    for problem in checks:
        raise BadData(problem)
