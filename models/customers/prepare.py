"""Check the purchase log, and turn it into one row per customer: behaviour to learn from, and the future to judge by.

Nothing leaks. The last 39 weeks of the log are the future, and behaviour is counted before them. train.py learns the
segments from behaviour alone; futures stand in files of their own. A customer's name decides whether he is in the test set,
so no customer is on both sides.
"""

from collections.abc import Iterator

import pandas as pd
from modelkit import script, split
from modelkit.columns import integer, number, text
from modelkit.raw import BadData, Raw, problems_of, read, refuse_repetition, require_rows

COLUMNS = [text("customer", longest=40), text("date"), integer("quantity", 1, 1000), number("dollars", 0, 10_000)]
WEEKS = 39
"""Length of the future, as in the literature on this data; at least as much must lie before it."""
TEST_SHARE = 0.5
"""Half: the variance of purchases lies with few heavy buyers, and a small test set would hold hardly any of them."""
LONGEST_PAUSE = 92
"""Days without a purchase of anybody."""
LEAST_CUSTOMERS = 200
LEAST_RETURNING = 50
MOST_REPEATED = 0.02
"""Share of purchases that may be equal in all columns; two equal orders on one day happen."""


def bad_dates(raw: Raw) -> Iterator[str]:
    """Yield what is wrong with the first date that is none."""
    dates = raw.table["date"]
    wrong = ~dates.str.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}") | pd.to_datetime(dates, errors="coerce", format="%Y-%m-%d").isna()
    if wrong.any():
        index = int(wrong.to_numpy().argmax())
        rows = f" ({int(wrong.sum())} such rows)" if wrong.sum() > 1 else ""
        yield f"{raw.where(index)}, column date: {dates[index][:60]!r} is not a day like 1997-03-25{rows}"


def pauses(raw: Raw, dates: pd.Series) -> Iterator[str]:
    """Yield the first pause without any purchase that no shop makes: a wrong year would move the whole split."""
    ordered = dates.sort_values(kind="stable")
    days = ordered.diff().dt.days
    if days.max() > LONGEST_PAUSE:
        place = int((days > LONGEST_PAUSE).to_numpy().argmax())
        before, after = (int(index) for index in ordered.index[place - 1 : place + 1])
        yield (
            f"{raw.where(after)}, column date: {dates[after].date()} is {int(days.iloc[place])} days after the purchase "
            f"before it, {dates[before].date()} in {raw.where(before)}; at most {LONGEST_PAUSE} days may lie between them"
        )


def behaviour(purchases: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Return one row per customer, of the purchases until `end`; orders of one day are one purchase."""
    by_customer = purchases.groupby("customer")
    days = by_customer["date"]
    return pd.DataFrame(
        {
            "recency_days": (end - days.max()).dt.days,
            "purchases": days.nunique(),
            "tenure_days": (end - days.min()).dt.days,
            "dollars": by_customer["dollars"].sum().round(2),
            "items": by_customer["quantity"].sum(),
        }
    )


def future(purchases: pd.DataFrame, customers: pd.Index) -> pd.DataFrame:
    """Return for each of `customers` the number of purchases and what they spent."""
    by_customer = purchases.groupby("customer")
    table = pd.DataFrame({"purchases": by_customer["date"].nunique(), "dollars": by_customer["dollars"].sum().round(2)})
    return table.reindex(customers, fill_value=0)


def require_customers(known: pd.DataFrame, log: pd.DataFrame, end: pd.Timestamp) -> None:
    """Raise BadData if the log is too short, or holds too few customers, to learn and to judge."""
    days, returning = (log["date"].max() - log["date"].min()).days + 1, int((known["purchases"] > 1).sum())
    if days < 2 * WEEKS * 7:
        first, last = log["date"].min().date(), log["date"].max().date()
        raise BadData(
            f"column date: from {first} to {last} is {days} days; at least {2 * WEEKS * 7} are needed, "
            f"{WEEKS} weeks to learn from and {WEEKS} to judge by"
        )
    if len(known) < LEAST_CUSTOMERS or returning < LEAST_RETURNING:
        raise BadData(
            f"column customer: {len(known)} customers until {end.date()}, {returning} of them with a second purchase; "
            f"at least {LEAST_CUSTOMERS} and {LEAST_RETURNING} are needed"
        )


def main(paths: script.PreparePaths) -> None:
    """Write customers.csv and future.csv for both sides, row by row the same customers."""
    raw = read(paths.input, COLUMNS)
    require_rows(raw, 500)
    problems_of(bad_dates(raw))
    refuse_repetition(raw, [column.name for column in COLUMNS], MOST_REPEATED)
    log = raw.table.assign(date=pd.to_datetime(raw.table["date"]))
    problems_of(pauses(raw, log["date"]))
    end = log["date"].max() - pd.Timedelta(weeks=WEEKS)
    known = behaviour(log[log["date"] <= end], end)
    require_customers(known, log, end)
    later = future(log[log["date"] > end], known.index)
    test = split.by_content(known.reset_index(), ["customer"], TEST_SHARE).to_numpy()
    for folder, rows in ((paths.train, ~test), (paths.test, test)):
        script.write_table(folder, known[rows].reset_index(), "customers")
        script.write_table(folder, later[rows].reset_index(), "future")
        print(f"{folder.name}: {rows.sum()} customers until {end.date()}, {(later['purchases'][rows] > 0).mean():.1%} buy later")


if __name__ == "__main__":
    script.prepare(main)
