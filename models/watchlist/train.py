"""Learn to rank: logistic regression on the differences between two candidates of one query, of which one got more stars.

The learnt weights make a score of a film's features; d points more than another film mean that it is the better liked of the
two with probability 1 / (1 + exp(-d)). Every query weighs as much as it has candidates, whatever its number of pairs.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from knowledge import FEATURES
from modelkit import artifact, script
from sklearn.linear_model import LogisticRegression


def pairs(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of features, better film less worse, of each pair within a query, and its weight."""
    differences, weights = [], []
    for _, query in table.groupby("query"):
        features, stars = query[FEATURES].to_numpy(), query["stars"].to_numpy()
        better, worse = np.nonzero(stars[:, None] > stars)
        differences.append(features[better] - features[worse])
        weights.append(np.full(len(better), len(query) / max(len(better), 1)))
    return np.vstack(differences), np.concatenate(weights)


def main(train: Path, model_dir: Path, regularization: float) -> None:
    """Read the `train` channel, fit, and write the artifact."""
    table = script.read_table(train, "features")
    spread = table[FEATURES].to_numpy().std(axis=0)
    differences, weights = pairs(table)
    turned = np.where(
        np.arange(len(differences)) % 2, 1, -1
    )  # so that there are two classes; without intercept it changes nothing
    model = LogisticRegression(C=1 / regularization, fit_intercept=False, max_iter=500)
    model.fit(differences / spread * turned[:, None], turned, sample_weight=weights)
    learnt = model.coef_[0] / spread
    print(
        f"learnt from {len(differences)} pairs: "
        + ", ".join(f"{n} {w:.2f}" for n, w in zip(FEATURES, model.coef_[0], strict=True))
    )
    ratings, films = script.read_table(train, "ratings"), script.read_table(train, "films")
    known = {"film": "int32", "viewer": "int32", "rating": "float32"}
    artifact.save(model_dir, __file__, weights=learnt.round(6), ratings=ratings.astype(known), films=films)


if __name__ == "__main__":
    script.train(main, regularization=100.0)
