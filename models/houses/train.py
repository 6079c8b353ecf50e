"""Train the price of a house, and how far it may be off.

The price is the mean of a ridge regression and boosted trees, both on the logarithm. The interval is split-conformal: how
uncertain a house is comes from a model of the errors on houses left out; how wide the interval must be for its coverage, from the
newest part of the training sales, which none of the models behind it saw. The price alone then learns from all sales.
"""

from pathlib import Path
from typing import Any

import features
import numpy as np
import pandas as pd
from modelkit import artifact, script
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

PRICE = "price"
CALIBRATION_SHARE = 0.25
"""Newest part of the training sales, which sets the width of the intervals."""


def with_names(model: Any) -> Pipeline:
    """Return `model` behind an encoder of names; one that it never saw counts as none of them."""
    names = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encode = make_column_transformer((names, features.NAMED), remainder="passthrough", verbose_feature_names_out=False)
    return make_pipeline(encode, StandardScaler(), model)


def pricing(learning_rate: float, max_iter: int, seed: int) -> Pipeline:
    """Return the model of the logarithm of the price."""
    trees = HistGradientBoostingRegressor(
        learning_rate=learning_rate,
        max_iter=max_iter,
        max_leaf_nodes=12,
        min_samples_leaf=10,
        l2_regularization=1,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    return with_names(VotingRegressor([("ridge", RidgeCV(np.logspace(0, 3, 10))), ("trees", trees)]))


def spread_of(model: Pipeline, rows: pd.DataFrame, logs: pd.Series, seed: int) -> Pipeline:
    """Return a model of the size of `model`'s error, learned on rows that it was not fitted on."""
    errors = np.abs(logs - cross_val_predict(model, rows, logs, cv=KFold(4, shuffle=True, random_state=seed)))
    trees = HistGradientBoostingRegressor(
        loss="gamma",
        learning_rate=0.05,
        max_iter=60,
        max_leaf_nodes=6,
        min_samples_leaf=40,
        early_stopping=False,
        random_state=seed,
    )
    return with_names(trees).fit(rows, errors.clip(lower=1e-4))


def widest(scores: np.ndarray, coverage: float) -> float:
    """Return the conformal quantile of `scores`: the share `coverage` of new ones lies below it, were they exchangeable."""
    level = min(1.0, np.ceil((len(scores) + 1) * coverage) / len(scores))
    return float(np.quantile(scores, level, method="higher"))


@threadpool_limits.wrap(limits=1)  # on so few rows, threads that wait for each other cost more than they save
def main(train: Path, model_dir: Path, coverage: float, learning_rate: float, max_iter: int, seed: int) -> None:
    """Read the `train` channel, fit, calibrate, and write the artifact."""
    sales = script.read_table(train)
    rows, logs = features.table(sales), np.log(sales[PRICE])
    newest = round(len(sales) * (1 - CALIBRATION_SHARE))
    model = pricing(learning_rate, max_iter, seed)
    spread = spread_of(model, rows[:newest], logs[:newest], seed)
    model.fit(rows[:newest], logs[:newest])
    scores = np.abs(logs[newest:] - model.predict(rows[newest:])) / spread.predict(rows[newest:])
    medians = sales.groupby(features.NEIGHBORHOOD)[PRICE].median()
    parts = {
        "model": model.fit(rows, logs),
        "spread": spread,
        "width": widest(scores.to_numpy(), coverage),
        "coverage": coverage,
        "known": {name: sorted(sales[name].unique()) for name in features.NAMED},
        "typical": {
            **sales[list(features.BOUNDS)].median().to_dict(),
            **sales[[*features.NAMED, *features.GRADES]].mode().iloc[0],
        },
        "medians": {"": float(sales[PRICE].median()), **medians.to_dict()},
    }
    print(f"trained on {len(sales)} sales; intervals of {parts['width']:.2f} spreads from the newest {len(sales) - newest}")
    artifact.save(model_dir, __file__, **parts)


if __name__ == "__main__":
    script.train(main, coverage=0.8, learning_rate=0.05, max_iter=250, seed=7)
