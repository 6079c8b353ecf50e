"""Datasets of an environment: the ones that can be queried in SQL, with their columns."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from settings.base import Section

RESERVED_COLUMN = "version"
_COLUMN = re.compile(r"[a-z_][a-z0-9_]{0,127}")
_TYPE = re.compile(
    r"boolean|tinyint|smallint|int|bigint|float|double|string|date|timestamp|binary"
    r"|decimal\((?P<precision>[1-9]\d?),(?P<scale>\d\d?)\)|(?:char|varchar)\((?P<length>[1-9]\d{0,4})\)"
)
_TYPES = (
    "boolean, tinyint, smallint, int, bigint, float, double, decimal(P,S), string, char(N), varchar(N), date, timestamp, binary"
)
LONGEST = {"char": 255, "varchar": 65535}


class TableSection(Section):
    """How a dataset is read as a table in Athena."""

    columns: Annotated[dict[str, str], Field(min_length=1, max_length=1000)]
    """Glue type by name, in the order of the files' columns. Every file of the dataset has them."""
    format: Literal["csv", "parquet"] = "csv"
    """What the files are."""
    header_rows: Annotated[int, Field(ge=0, le=100)] = 1
    """Lines at the beginning of each CSV file that are not data."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    """What separates the fields of a CSV file."""
    quoted: bool = False
    """CSV fields may stand in quotation marks. Then every column is a `string`, and queries cast."""
    folder: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=200)] | None
    ) = None
    """Folder within each version that the table is limited to. Default: all of the version's files."""

    @field_validator("columns")
    @classmethod
    def _columns_are_ones_that_glue_takes(cls, value: dict[str, str]) -> dict[str, str]:
        problems = [text for name, kind in value.items() for text in _problems(name, kind)]
        if problems:
            raise ValueError("; ".join(problems))
        return value

    @model_validator(mode="after")
    def _quoted_fields_are_texts(self) -> "TableSection":
        numbers = [name for name, kind in self.columns.items() if kind != "string"]
        if self.quoted and numbers:
            raise ValueError(
                f"quoted: the reader of quoted CSV files hands on texts and fails on empty numbers; declare {', '.join(numbers)} "
                "as string and cast in queries, such as TRY_CAST(price AS double), or set quoted: false"
            )
        return self

    @model_validator(mode="after")
    def _parquet_has_none_of_csv(self) -> "TableSection":
        given = [name for name in ("header_rows", "delimiter", "quoted") if name in self.model_fields_set]
        if self.format == "parquet" and given:
            raise ValueError(f"{', '.join(given)}: only CSV files have that; remove it, or set format: csv")
        return self


class DatasetSection(Section):
    """One dataset. An empty section (`sales: {}`) declares one that no model reads yet, so that versions of it can be put."""

    table: TableSection | None = None
    """Make it a table that Athena queries. Default: none."""


class QueriesSection(Section):
    """Limits of SQL queries on datasets; used where a dataset has a table."""

    max_scanned_gb: Annotated[float, Field(ge=0.01, le=7_000_000)] = 10
    """GB (10^9 bytes) after which Athena cancels a query; it bills what a query reads."""


def _problems(name: str, kind: str) -> list[str]:
    found = []
    if not _COLUMN.fullmatch(name):
        found.append(f"column {name!r}: Glue takes lower-case letters, digits and _, at most 128, not beginning with a digit")
    if name == RESERVED_COLUMN:
        found.append(f"column {name!r} is the number of the dataset's version; give the file's column another name")
    match = _TYPE.fullmatch(kind)
    if match is None:
        found.append(f"column {name!r}: got type {kind!r}; allowed: {_TYPES}")
    elif match["precision"] and not 0 <= int(match["scale"]) <= int(match["precision"]) <= 38:
        found.append(f"column {name!r}: got {kind}; a decimal has 1 to 38 digits, of which at most all are decimals")
    elif match["length"] and int(match["length"]) > LONGEST[kind.partition("(")[0]]:
        found.append(f"column {name!r}: got {kind}; char takes up to 255 characters, varchar up to 65535")
    return found
