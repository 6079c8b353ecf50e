"""Train the detector of unusual applications, on good loans only.

An isolation forest learns how far good applications go in the direction of concern. The share of good loans that are less unusual
is told from loans that the forest was not fitted on. Labels serve only to leave bad loans out; `judges` are fitted for
evaluate.py to compare with, and never answer a request.
"""

from pathlib import Path
from typing import Any

import features
import numpy as np
import pandas as pd
from modelkit import artifact, script
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

STATUS = "status"


def left_out_scores(forest: IsolationForest, good: pd.DataFrame, seed: int) -> np.ndarray:
    """Return how unusual each good loan is to a forest that was grown without it, in ascending order."""
    found = []
    for fit, rest in KFold(5, shuffle=True, random_state=seed).split(good):
        middle = features.measures(good.iloc[fit]).median()
        grown = forest.fit(features.concerns(good.iloc[fit], middle))
        found.append(-grown.score_samples(features.concerns(good.iloc[rest], middle)))
    return np.sort(np.concatenate(found))


def ordinary(good: pd.DataFrame) -> dict[str, Any]:
    """Return for each column what is typical of good loans, and what is usual: nine of ten numbers, and values of one in four."""
    typical: dict[str, Any] = {name: float(good[name].median()) for name in features.NUMBERS}
    usual = {name: f"{good[name].quantile(0.05):,.0f} to {good[name].quantile(0.95):,.0f}" for name in features.NUMBERS}
    for name in features.KINDS:
        shares = good[name].value_counts(normalize=True)
        typical[name] = shares.index[0]
        usual[name] = " or ".join(shares.index[shares >= 0.25])
    return {"typical": typical, "usual": usual}


def judges(rows: pd.DataFrame, bad: pd.Series, concerns: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return what to compare with: a forest without directions, the scale of each concern, and a model that learns the labels."""
    return {
        "plain": IsolationForest(random_state=seed).fit(rows[~bad]),
        "scale": concerns.std().replace(0, 1),
        "supervised": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(rows, bad),
    }


def main(train: Path, model_dir: Path, trees: int, false_alarms: float, seed: int) -> None:
    """Read the `train` channel, fit, and write the artifact."""
    loans = script.read_table(train)
    bad = loans[STATUS] == "bad"
    good = loans[~bad]
    forest = IsolationForest(n_estimators=trees, random_state=seed)
    scores = left_out_scores(forest, good, seed)
    rows = features.measures(loans)
    middle = rows[~bad].median()
    concerns = features.concerns(good, middle)
    print(f"trained on {len(good)} good loans; alerts on the most unusual {false_alarms:.0%} of them")
    artifact.save(
        model_dir,
        __file__,
        model=forest.fit(concerns),
        middle=middle,
        scores=scores,
        alert=1 - false_alarms,
        judges=judges(rows, bad, concerns, seed),
        **ordinary(good),
    )


if __name__ == "__main__":
    script.train(main, trees=200, false_alarms=0.1, seed=7)
