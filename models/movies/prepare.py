"""Check the raw ratings and split them so that nothing of the future is known.

One cut-off date alone would leave 23 viewers with ratings on both sides, since most people rated for one evening; a cut per
viewer alone would teach the model what others did later. So there are both:

- `learn`: all ratings up to the cut-off. The model, and every popularity, is learnt from these alone.
- `history`: what a viewer rated after the cut-off, up to a moment of their own. It is the model's input when it answers that
  viewer, and touches nobody else's answer.
- `test`: what that viewer rated later than that moment, the last fifth of their ratings.

So every tested rating is later than all that the model learnt, and than all it knows of the viewer. Ratings of one second stay
together: MovieLens stamps a page of ratings at once.
"""

import numpy as np
import pandas as pd
from modelkit import script, split
from modelkit.raw import BadData
from movielens.ratings import load

LATER_SHARE = 0.2
"""Share of all ratings that lie after the cut-off."""
TEST_SHARE = 0.2
"""Share of a viewer's ratings that are tested."""
LEAST_HISTORY = 5
"""Ratings that a tested viewer must have before."""
LIKED = 4
"""Stars from which on a film counts as liked: what a tested viewer should be shown."""
LEAST_TESTED = 50
"""Viewers without whom the metrics would be noise."""


def parts(ratings: pd.DataFrame) -> pd.Series:
    """Return for each rating its part: learn, history or test; "unused" for the later ratings of viewers who are not tested."""
    later = split.by_time(ratings, "timestamp", LATER_SHARE)
    part = pd.Series(np.where(later, "history", "learn"), ratings.index)
    for _, own in ratings[ratings["userId"].isin(ratings["userId"][later])].groupby("userId"):
        part[_tested(own, later[own.index])] = "test"
    liked = part.eq("test") & ratings["rating"].ge(LIKED)
    known = part.ne("test").groupby(ratings["userId"]).transform("sum") >= LEAST_HISTORY
    testable = liked.groupby(ratings["userId"]).transform("any") & known
    return part.mask(part.eq("test") & ~testable, "unused")


def _tested(own: pd.DataFrame, later: pd.Series) -> pd.Index:
    """Return the rows of one viewer, in the order of time, that are tested."""
    count = min(max(1, round(TEST_SHARE * len(own))), int(later.sum()))
    known = own["timestamp"].iloc[: len(own) - count]
    return own.index[later & (own["timestamp"] > (known.iloc[-1] if count < len(own) else 0))]


def main(paths: script.PreparePaths) -> None:
    """Write ratings and films for training (learn, history) and for the test (learn, history, test)."""
    ratings, films = load(paths.input)
    ratings["part"] = parts(ratings)
    tested = ratings["userId"][ratings["part"] == "test"].nunique()
    if tested < LEAST_TESTED:
        raise BadData(
            f"ratings.csv, column timestamp: {tested} viewers have {LEAST_HISTORY} ratings and later ones, one of {LIKED} stars "
            f"or more, after {(1 - LATER_SHARE):.0%} of all ratings; at least {LEAST_TESTED} are needed"
        )
    for folder, wanted in ((paths.train, ("learn", "history")), (paths.test, ("learn", "history", "test"))):
        script.write_table(folder, ratings[ratings["part"].isin(wanted)], "ratings")
        script.write_table(folder, films, "films")
    last = pd.to_datetime(ratings["timestamp"][ratings["part"] == "learn"].max(), unit="s").date()
    print(f"cut-off {last}: {ratings['part'].value_counts().to_dict()} ratings, {tested} viewers tested")


if __name__ == "__main__":
    script.prepare(main)
