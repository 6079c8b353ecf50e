"""Check the raw e-mails and split them into a training and a test set.

A row's content decides its side, so that equal e-mails never stand on both and the split is the same on every run.
"""

from modelkit import script, split
from modelkit.columns import choice, number
from modelkit.raw import read, refuse_repetition, require_balance, require_rows

FEATURES = ["crl_tot", "dollar", "bang", "money", "n000", "make"]
LABEL = "yesno"
COLUMNS = [number("crl_tot", 1), *(number(name, 0, 100) for name in FEATURES[1:]), choice(LABEL, "y", "n")]
TEST_SHARE = 0.2
MOST_REPEATED = 0.4
"""Short e-mails without any tell-tale word are alike in six features; a third of the real ones repeat another."""


def main(paths: script.PreparePaths) -> None:
    """Write train/train.csv and test/test.csv."""
    raw = read(paths.input, COLUMNS)
    require_rows(raw, 200)
    require_balance(raw, LABEL, ("y", "n"), 20)
    refuse_repetition(raw, [*FEATURES, LABEL], MOST_REPEATED)
    test = split.by_content(raw.table, FEATURES, TEST_SHARE)
    for folder, rows in ((paths.train, raw.table[~test]), (paths.test, raw.table[test])):
        script.write_table(folder, rows)
        print(f"{folder.name}: {len(rows)} rows, {(rows[LABEL] == 'y').mean():.1%} spam")


if __name__ == "__main__":
    script.prepare(main)
