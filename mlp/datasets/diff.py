"""What differs between two versions of a dataset: files, and for CSV files of moderate size columns and rows."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

from mlp.datasets.check import fetched
from mlp.datasets.manifest import DatasetVersion, StoredObject
from mlp.platform.errors import MlpError
from mlp.platform.protocol import Platform

MAX_CSV_BYTES = 64_000_000
"""Largest CSV file that is compared row by row; both are held in memory."""


@dataclass(frozen=True)
class CsvChange:
    """How a table differs; rows are compared by the columns that both have."""

    columns_added: list[str]
    columns_removed: list[str]
    rows_added: int
    rows_removed: int


@dataclass(frozen=True)
class FileChange:
    """How one file differs."""

    file: str
    before: StoredObject | None
    """None: the file was added."""
    after: StoredObject | None
    """None: the file was removed."""
    csv: CsvChange | None = None
    """None where it is no CSV file, or larger than MAX_CSV_BYTES."""

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def diff(platform: Platform, before: DatasetVersion, after: DatasetVersion) -> list[FileChange]:
    """Return the files that differ, by name.

    Raises
    ------
    MlpError
        If the versions are of two datasets.
    Failed
        If an object is no longer what was put.
    """
    if before.dataset != after.dataset:
        raise MlpError(f"got {before.name} and {after.name}; give two versions of one dataset")
    changes = []
    for file in sorted({*before.files, *after.files}):
        one, other = before.files.get(file), after.files.get(file)
        if one and other and one.sha256 == other.sha256:
            continue
        table = _csv_change(platform, (before, one), (after, other)) if one and other else None
        changes.append(FileChange(file, one, other, table))
    return changes


def _csv_change(
    platform: Platform, before: tuple[DatasetVersion, StoredObject], after: tuple[DatasetVersion, StoredObject]
) -> CsvChange | None:
    if any(stored.rows is None or stored.bytes > MAX_CSV_BYTES for _, stored in (before, after)):
        return None
    try:
        (old_header, old_rows), (new_header, new_rows) = (_table(fetched(platform, *entry)) for entry in (before, after))
    except (UnicodeDecodeError, csv.Error):
        return None
    shared = [column for column in old_header if column in new_header]
    old, new = (_counted(header, rows, shared) for header, rows in ((old_header, old_rows), (new_header, new_rows)))
    return CsvChange(
        [column for column in new_header if column not in old_header],
        [column for column in old_header if column not in new_header],
        (new - old).total(),
        (old - new).total(),
    )


def _table(content: bytes) -> tuple[list[str], list[list[str]]]:
    rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]
    return (rows[0], rows[1:]) if rows else ([], [])


def _counted(header: list[str], rows: list[list[str]], shared: list[str]) -> Counter[tuple[str, ...]]:
    """Return how often each row occurs, with the `shared` columns only; rows of another length are taken whole."""
    places = [header.index(column) for column in shared]
    return Counter(tuple(row[place] for place in places) if len(row) == len(header) else tuple(row) for row in rows)
