"""Check the raw sales and keep the last ones for the test.

The test set is the latest fifth of all sales by month, so that the model is judged as it is used: on houses sold after all that
it learned from. No parcel is in the data twice, and nothing is computed here from prices: what the model knows of a neighborhood
is learned in train.py.
"""

from collections.abc import Iterator

from features import BOUNDS, GRADES, INPUTS, KINDS, NEIGHBORHOOD
from modelkit import script, split
from modelkit.columns import choice, integer, number, text
from modelkit.raw import Raw, problems_of, read, refuse_repetition, require_rows

PRICE = "price"
SOLD = ["year_sold", "month_sold"]
COLUMNS = [
    integer("year_sold", 1900, 2100),
    integer("month_sold", 1, 12),
    text(NEIGHBORHOOD, longest=60),
    *(choice(name, *values) for name, values in {**KINDS, **GRADES}.items()),
    *(integer(name, *bounds) for name, bounds in BOUNDS.items()),
    number(PRICE, 1_000, 100_000_000),
]
TEST_SHARE = 0.2
MOST_REPEATED = 0.01
"""Twin houses sold in the same month are alike in all that is recorded; 4 of 2,930 real ones are."""
BEFORE_FINISHED = 1
"""Years that a house may be sold before it is finished."""


def contradictions(raw: Raw) -> Iterator[str]:
    """Yield the first row of each kind that no house can have."""
    rows = raw.table
    checks = (
        ("year_built", "year_sold", rows["year_built"] - BEFORE_FINISHED > rows["year_sold"], "the sale came before the house"),
        ("year_remodeled", "year_built", rows["year_remodeled"] < rows["year_built"] - 1, "it was remodeled before it was built"),
        ("basement_unfinished", "basement_area", rows["basement_unfinished"] > rows["basement_area"], "a part exceeds the whole"),
        ("garage_cars", "garage_area", (rows["garage_cars"] == 0) != (rows["garage_area"] == 0), "a garage has both or neither"),
        ("bedrooms", "rooms", rows["bedrooms"] > rows["rooms"], "every bedroom is a room"),
    )
    for column, other, wrong, why in checks:
        for index in rows.index[wrong][:1]:
            yield f"{raw.where(index)}, column {column}: {rows[column][index]} with {other} {rows[other][index]}; {why}"


def main(paths: script.PreparePaths) -> None:
    """Write train/train.csv and test/test.csv, each in the order of sale."""
    raw = read(paths.input, COLUMNS)
    require_rows(raw, 500)
    refuse_repetition(raw, [*SOLD, *INPUTS], MOST_REPEATED)
    problems_of(contradictions(raw))
    months = raw.table["year_sold"] * 12 + raw.table["month_sold"]
    late = split.by_time(raw.table.assign(month=months), "month", TEST_SHARE)
    if not late.any():
        problems_of(
            iter([f"column month_sold: all {len(late)} sales are of one month; at least two are needed to split by time"])
        )
    for folder, rows in ((paths.train, raw.table[~late]), (paths.test, raw.table[late])):
        ordered = rows.sort_values([*SOLD, *INPUTS, PRICE], kind="stable")
        script.write_table(folder, ordered)
        first, last = (ordered[SOLD].iloc[at].tolist() for at in (0, -1))
        print(f"{folder.name}: {len(rows)} sales, {first[0]}-{first[1]:02} to {last[0]}-{last[1]:02}")


if __name__ == "__main__":
    script.prepare(main)
