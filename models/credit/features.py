"""What an applicant states, and in which direction it is a concern; training and serving share this."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

NUMBERS = {
    "seniority": (0, 60),
    "time": (1, 120),
    "expenses": (0, 100_000),
    "income": (0, 100_000),
    "assets": (0, 10_000_000),
    "debt": (0, 10_000_000),
    "amount": (1, 1_000_000),
    "price": (1, 1_000_000),
}
"""Whole numbers with the smallest and largest allowed; money is in thousands of pesetas."""
OPTIONAL = ("income", "assets", "debt")
"""Numbers that an applicant may leave out."""
KINDS = {
    "home": ("owner", "rent", "parents", "priv", "other", "ignore"),
    "records": ("no", "yes"),
    "job": ("fixed", "freelance", "partime", "others"),
}
INPUTS = [*NUMBERS, *KINDS]
"""What the model sees of an application. Age and marital status are not among it: nobody may be suspect for them."""
CONCERN = {
    "seniority": -1,
    "time": 1,
    "expenses": 1,
    "income": -1,
    "income_unstated": 1,
    "assets": -1,
    "debt": 1,
    "amount": 1,
    "price": 1,
    "financed": 1,
    "left_over": -1,
    "owner": -1,
    "rent": 1,
    "parents": 1,
    "records": 1,
    "fixed_job": -1,
    "part_time": 1,
}
"""1 where more than usual is a concern, -1 where less is. Common sense of lending, not learned from any label."""


def unknown(application: dict[str, Any]) -> list[str]:
    """Return the columns in which `application` has a value that the model does not know; it counts as the least reassuring."""
    return [name for name, choices in KINDS.items() if application.get(name) not in choices]


def measures(applications: Sequence[dict[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Return the measures named in CONCERN; sums of money by their logarithm.

    `left_over` is the share of the income that remains after expenses and the instalment, `financed` that of the price which is
    borrowed. No stated income counts as the smallest one, no stated assets or debt as none.
    """
    rows = pd.DataFrame(applications, columns=INPUTS)
    number = rows[list(NUMBERS)].astype(float)
    income = number["income"].fillna(0).clip(lower=10)
    spent = number["expenses"] + number["amount"] / number["time"]
    return pd.DataFrame(
        {
            "seniority": np.log1p(number["seniority"]),
            "time": number["time"],
            "expenses": number["expenses"],
            "income": np.log(income),
            "income_unstated": number["income"].isna().astype(float),
            "assets": np.log1p(number["assets"].fillna(0)),
            "debt": np.log1p(number["debt"].fillna(0)),
            "amount": np.log(number["amount"]),
            "price": np.log(number["price"]),
            "financed": number["amount"] / number["price"],
            "left_over": (1 - spent / income).clip(lower=-3),
            "owner": (rows["home"] == "owner").astype(float),
            "rent": (rows["home"] == "rent").astype(float),
            "parents": (rows["home"] == "parents").astype(float),
            "records": (rows["records"] != "no").astype(float),
            "fixed_job": (rows["job"] == "fixed").astype(float),
            "part_time": (rows["job"] == "partime").astype(float),
        }
    )[list(CONCERN)]


def concerns(applications: Sequence[dict[str, Any]] | pd.DataFrame, usual: pd.Series) -> pd.DataFrame:
    """Return how far each measure lies beyond the `usual` one in the direction of concern, 0 where it does not."""
    away = (measures(applications) - usual) * pd.Series(CONCERN)
    return away[list(CONCERN)].clip(lower=0)
