"""Judge the segments by the future of customers whom the model has never seen.

Segments are made so that groups can be treated differently; that is worth it only if the groups' futures differ. The main
metric is therefore `explained_future`: the share of the variance of purchases in the following 39 weeks that lies between
the segments (eta squared; 0 for groups at random, 1 if a segment's customers all bought equally often).
"""

import importlib
from typing import Any

import numpy as np
import pandas as pd
from modelkit import artifact, script
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

REQUEST = ["recency_days", "purchases", "dollars", "tenure_days"]
RFM = ["recency_days", "purchases", "dollars"]
REFITS = 10


def explained(groups: np.ndarray, values: pd.Series) -> float:
    """Return the share of the variance of `values` that lies between groups."""
    means = values.groupby(groups).transform("mean")
    return float(((means - values.mean()) ** 2).sum() / ((values - values.mean()) ** 2).sum())


def by_score(customers: pd.DataFrame, groups: int) -> np.ndarray:
    """Return what marketing does first: one to five points each for recency, frequency and money, summed, equal groups."""
    points = sum(
        pd.qcut(sign * customers[name], 5, labels=False, duplicates="drop")
        for sign, name in ((-1, RFM[0]), (1, RFM[1]), (1, RFM[2]))
    )
    return pd.qcut(points.rank(method="first"), groups, labels=False).to_numpy()


def by_count(customers: pd.DataFrame, groups: int) -> np.ndarray:
    """Return the simplest groups: 1, 2, 3 ... purchases, and the rest."""
    return customers["purchases"].clip(upper=groups).to_numpy()


def by_plain_means(customers: pd.DataFrame, groups: int, seed: int) -> np.ndarray:
    """Return the textbook's groups: k-means on standardized recency, frequency and money."""
    with threadpool_limits(1):
        return KMeans(groups, n_init=10, random_state=seed).fit_predict(StandardScaler().fit_transform(customers[RFM]))


def stability(customers: pd.DataFrame, labels: np.ndarray, groups: int, seed: int) -> float:
    """Return how well segments learned from resampled test customers agree with the model's (adjusted Rand index, 1 is equal)."""
    segmentation = importlib.import_module("segmentation")  # the artifact's own, which `opened` has put first
    agreements = []
    for refit in range(REFITS):
        drawn = customers.sample(frac=1, replace=True, random_state=seed + refit)
        again = segmentation.fit(drawn, groups, seed + refit)
        agreements.append(adjusted_rand_score(labels, again.distances(customers).argmin(axis=1)))
    return float(np.mean(agreements))


def judge(opened: artifact.Opened, customers: pd.DataFrame, future: pd.DataFrame) -> tuple[dict[str, float], dict[str, Any]]:
    """Return metrics and the numbers of the picture."""
    answers = opened.predict(customers[REQUEST].to_dict("records"))
    labels = np.array([answer["number"] for answer in answers]) - 1
    names, seed = opened.parts["names"], opened.parts["seed"]
    groups, bought, spent = len(names), future["purchases"], future["dollars"]
    simple = {"score": explained(by_score(customers, groups), bought), "count": explained(by_count(customers, groups), bought)}
    sizes = np.bincount(labels, minlength=groups)
    money = spent.groupby(labels).mean().reindex(range(groups), fill_value=0.0)
    metrics = {
        "explained_future": explained(labels, bought),
        "baseline_explained_future": max(simple.values()),
        "rfm_score_explained_future": simple["score"],
        "reference_explained_future": explained(by_plain_means(customers, groups, seed), bought),
        "individual_explained_future": float(
            np.corrcoef([answer["expected_purchases"] for answer in answers], bought)[0, 1] ** 2
        ),
        "explained_spend": explained(labels, spent),
        "best_segment_dollars": money.iloc[-1],
        "worst_segment_dollars": money.iloc[0],
        "stability": stability(customers, labels, groups, seed),
        "silhouette": silhouette_score(opened.parts["model"].places(customers), labels),
        "smallest_share": sizes.min() / len(labels),
        "test_customers": len(customers),
    }
    return metrics, _picture(names, labels, customers, future, opened.parts)


def _picture(
    names: list[str], labels: np.ndarray, customers: pd.DataFrame, future: pd.DataFrame, parts: dict[str, Any]
) -> dict[str, Any]:
    expected = parts["model"].expected(customers)
    return {
        "segments": [
            {
                "name": name,
                "customers": int((labels == n).sum()),
                "expected": round(float(expected[labels == n].mean()), 3),
                "bought": round(float(future["purchases"][labels == n].mean()), 3),
                "dollars": round(float(future["dollars"][labels == n].mean()), 2),
            }
            for n, name in enumerate(names)
        ],
        "customers": {
            "expected": np.round(expected, 3).tolist(),
            "dollars": customers["dollars"].round(2).tolist(),
            "segment": labels.tolist(),
        },
    }


def main(paths: script.EvaluatePaths) -> None:
    """Write evaluation.json."""
    with artifact.opened(paths) as opened:
        metrics, picture = judge(opened, script.read_table(paths.test, "customers"), script.read_table(paths.test, "future"))
        artifact.write_evaluation(paths, opened, metrics, picture)


if __name__ == "__main__":
    script.evaluate(main)
