"""Check the raw e-mails and split them into a training and a test set.

A row's content decides its side, so that equal e-mails never stand on both and the split is the same on every run.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import pandas as pd

FEATURES = ["crl_tot", "dollar", "bang", "money", "n000", "make"]
LABEL = "yesno"
TEST_SHARE = 0.2
SMALLEST_CLASS = 20


class BadData(Exception):
    """The raw data cannot be trained on; the text says where and why."""


def read(folder: Path) -> pd.DataFrame:
    """Return all CSV files of `folder`, in the order of their names, as one table."""
    files = sorted(folder.rglob("*.csv"))
    if not files:
        raise BadData(f"no .csv file in {folder.name}/; upload one with: mlp train spam --data FILE")
    return pd.concat([_read_one(file) for file in files], ignore_index=True)


def _read_one(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(file)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadData(f"{file.name} is not a CSV table: {error}") from None
    if sorted(table.columns) != sorted([*FEATURES, LABEL]):
        raise BadData(f"{file.name} has the columns {list(table.columns)}; expected {[*FEATURES, LABEL]}")
    return table


def check(table: pd.DataFrame) -> None:
    """Raise BadData naming row and column of the first value that cannot be right."""
    for column in FEATURES:
        numbers = pd.to_numeric(table[column], errors="coerce")
        wrong = table.index[numbers.isna() | (numbers < 0)]
        if len(wrong):
            value = table.loc[wrong[0], column]
            raise BadData(
                f"row {wrong[0] + 2}, column {column}: {value!r} is not a number of at least 0 ({len(wrong)} such rows)"
            )
    wrong = table.index[~table[LABEL].isin(["y", "n"])]
    if len(wrong):
        raise BadData(f"row {wrong[0] + 2}, column {LABEL}: {table.loc[wrong[0], LABEL]!r} is neither 'y' nor 'n'")
    counts = table[LABEL].value_counts()
    if len(counts) < 2 or counts.min() < SMALLEST_CLASS:
        raise BadData(f"labels {counts.to_dict()}: both y and n are needed, at least {SMALLEST_CLASS} times each")


def in_test(table: pd.DataFrame) -> pd.Series:
    """Return for each row whether the test set has it."""
    texts = table[FEATURES].astype(float).astype(str).agg("|".join, axis=1)
    shares = texts.map(lambda text: int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32)
    return shares < TEST_SHARE


def main() -> None:
    """Write train/train.csv and test/test.csv."""
    parser = argparse.ArgumentParser()
    for name in ("--input", "--train", "--test"):
        parser.add_argument(name, type=Path, required=True)
    arguments = parser.parse_args()
    table = read(arguments.input)
    check(table)
    table[FEATURES] = table[FEATURES].astype(float)
    test = in_test(table)
    for folder, rows in ((arguments.train, table[~test]), (arguments.test, table[test])):
        folder.mkdir(parents=True, exist_ok=True)
        rows.to_csv(folder / f"{folder.name}.csv", index=False)
        print(f"{folder.name}: {len(rows)} rows, {(rows[LABEL] == 'y').mean():.1%} spam")


if __name__ == "__main__":
    try:
        main()
    except BadData as problem:
        sys.exit(f"prepare: {problem}")
