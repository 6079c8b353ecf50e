"""Check the raw loans, make bad ones rare, and split them into a training and a test set.

The content of what the model sees of a loan decides its side, so that equal applications never stand on both. In the raw data
28 of 100 loans are bad; so that a bad one is the anomaly that it is in a bank's book, a part of them is kept, chosen by content
too. Age and marital status end here.
"""

from collections.abc import Iterator

import pandas as pd
from features import INPUTS, KINDS, NUMBERS, OPTIONAL
from modelkit import script, split
from modelkit.columns import choice, integer, text
from modelkit.raw import Raw, problems_of, read, refuse_repetition, require_balance, require_rows

STATUS = "status"
COLUMNS = [
    choice(STATUS, "good", "bad"),
    *(integer(name, *bounds, optional=name in OPTIONAL) for name, bounds in NUMBERS.items()),
    choice("home", *KINDS["home"], optional=True),
    choice("records", *KINDS["records"]),
    choice("job", *KINDS["job"], optional=True),
    integer("age", 18, 120),
    text("marital", optional=True),
]
TEST_SHARE = 0.5
"""Bad loans are few, and a test needs some."""
BAD_SHARE = 0.05
"""Share of bad loans after thinning; data that has fewer is left as it is."""
MOST_REPEATED = 0.01
"""People who ask for the same goods are sometimes alike in all that is recorded; 5 of 4,454 real ones are."""


def contradictions(raw: Raw) -> Iterator[str]:
    """Yield the first loan that is higher than what it pays for."""
    rows = raw.table
    for index in rows.index[rows["amount"] > rows["price"]][:1]:
        got = f"{rows['amount'][index]} with price {rows['price'][index]}"
        yield f"{raw.where(index)}, column amount: {got}; a loan is at most what it pays for"


def rare(table: pd.DataFrame) -> pd.Series:
    """Return for each loan whether it is kept: all good ones, and as many bad ones as make up BAD_SHARE."""
    bad = table[STATUS] == "bad"
    share = (~bad).sum() * BAD_SHARE / (1 - BAD_SHARE) / bad.sum()
    # The columns in another order than the split's: a bad loan's side must not depend on whether it was kept.
    return ~bad | split.by_content(table, [STATUS, *reversed(INPUTS)], share)


def main(paths: script.PreparePaths) -> None:
    """Write train/train.csv and test/test.csv."""
    raw = read(paths.input, COLUMNS)
    require_rows(raw, 500)
    require_balance(raw, STATUS, ("good", "bad"), 50)
    refuse_repetition(raw, INPUTS, MOST_REPEATED)
    problems_of(contradictions(raw))
    texts = raw.table.astype(object).fillna("")
    kept, test = rare(texts), split.by_content(texts, INPUTS, TEST_SHARE)
    for folder, side in ((paths.train, kept & ~test), (paths.test, kept & test)):
        rows = raw.table.loc[side, [STATUS, *INPUTS]]
        script.write_table(folder, rows)
        print(f"{folder.name}: {len(rows)} loans, {(rows[STATUS] == 'bad').mean():.1%} bad")


if __name__ == "__main__":
    script.prepare(main)
