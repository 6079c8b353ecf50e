"""What is known of a house, and what the model makes of it; training and serving share this."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

NEIGHBORHOOD = "neighborhood"
GRADES = {
    "condition": (
        "Very_Poor",
        "Poor",
        "Fair",
        "Below_Average",
        "Average",
        "Above_Average",
        "Good",
        "Very_Good",
        "Excellent",
    ),
    "functional": ("Sal", "Sev", "Maj2", "Maj1", "Mod", "Min2", "Min1", "Typ"),
    "basement_exposure": ("No_Basement", "No", "Mn", "Av", "Gd"),
    "garage_finish": ("No_Garage", "Unf", "RFn", "Fin"),
    "heating": ("Poor", "Fair", "Typical", "Good", "Excellent"),
    "central_air": ("N", "Y"),
}
"""Columns whose values have an order, worst first."""
KINDS = {
    "building_type": ("OneFam", "TwoFmCon", "Duplex", "TwnhsE", "Twnhs"),
    "style": (
        "One_Story",
        "One_and_Half_Fin",
        "One_and_Half_Unf",
        "Two_Story",
        "Two_and_Half_Fin",
        "Two_and_Half_Unf",
        "SFoyer",
        "SLvl",
    ),
    "sale_condition": ("Normal", "Abnorml", "AdjLand", "Alloca", "Family", "Partial"),
}
"""Columns whose values have none."""
BOUNDS = {
    "year_built": (1800, 2100),
    "year_remodeled": (1800, 2100),
    "lot_area": (500, 500_000),
    "living_area": (200, 10_000),
    "basement_area": (0, 10_000),
    "basement_unfinished": (0, 10_000),
    "baths": (0, 10),
    "half_baths": (0, 10),
    "basement_baths": (0, 10),
    "bedrooms": (0, 20),
    "rooms": (1, 40),
    "fireplaces": (0, 10),
    "garage_cars": (0, 10),
    "garage_area": (0, 5_000),
    "masonry_area": (0, 5_000),
}
"""Numbers, all of them whole, with the smallest and largest allowed; areas are in square feet."""
INPUTS = [NEIGHBORHOOD, *KINDS, *GRADES, *BOUNDS]
"""What a request must give."""
NAMED = [NEIGHBORHOOD, *KINDS]
"""Columns that the model knows by name only."""


def unknown(house: dict[str, Any], known: dict[str, list[str]]) -> list[str]:
    """Return the columns in which `house` has a value that training never saw."""
    return [name for name in [*NAMED, *GRADES] if house[name] not in known.get(name, GRADES.get(name, ()))]


def table(houses: Sequence[dict[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Return the columns that the model computes with.

    A price goes with the logarithm of the areas; grades count up from the worst. An age counts differently before the last war
    and in the last building boom, which a straight line could not follow.
    """
    rows = pd.DataFrame(houses, columns=INPUTS)
    for name, grades in GRADES.items():
        rows[name] = rows[name].map({grade: place for place, grade in enumerate(grades)}).fillna(len(grades) // 2)
    rows = rows.astype(dict.fromkeys([*GRADES, *BOUNDS], float))
    rows["basement_finished"] = rows["basement_area"] - rows["basement_unfinished"]
    rows["all_area"] = np.log(rows["living_area"] + rows["basement_area"] / 2)
    rows["built_since_1985"] = (rows["year_built"] - 1985).clip(lower=0)
    rows["built_until_1940"] = rows["year_built"].clip(upper=1940)
    rows["lot_area"], rows["living_area"] = np.log(rows["lot_area"]), np.log(rows["living_area"])
    return rows
