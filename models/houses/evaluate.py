"""Judge the trained artifact on the last sales, through the very code that will serve it.

Baseline: the median price of the house's neighborhood, and the width that intervals around it need, known with hindsight only, to
hold as many prices as the model's. Reference: the ridge regression on the same features.
"""

import importlib
from typing import Any

import numpy as np
import pandas as pd
from modelkit import artifact, script
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

PRICE = "price"


def errors(price: pd.Series, said: np.ndarray, prefix: str = "") -> dict[str, float]:
    """Return the metrics of prices that were `said`; USD, shares of the price, and the RMSE of the price's decimal logarithm."""
    return {
        f"{prefix}mae": mean_absolute_error(price, said),
        f"{prefix}rmse": root_mean_squared_error(price, said),
        f"{prefix}median_error": float(np.median(np.abs(said - price) / price)),
        f"{prefix}rmse_log10": root_mean_squared_error(np.log10(price), np.log10(said)),
        f"{prefix}r2": r2_score(price, said),
    }


def judge(opened: artifact.Opened, test: pd.DataFrame) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the metrics, and said and paid prices with their intervals."""
    features = importlib.import_module("features")  # the artifact's own, which its models were fitted on
    answers = opened.predict(test[features.INPUTS].to_dict("records"))
    said = np.array([found["price"] for found in answers])
    low, high = (np.array([found["interval"][end] for found in answers]) for end in ("low", "high"))
    paid = test[PRICE]
    inside = (low <= paid) & (paid <= high)
    medians = opened.parts["medians"]
    median = test[features.NEIGHBORHOOD].map(lambda name: medians.get(name, medians[""])).to_numpy()
    encoded = opened.parts["model"][:-1].transform(features.table(test))
    ridge = np.exp(opened.parts["model"][-1].named_estimators_["ridge"].predict(encoded))
    metrics = {
        **errors(paid, said),
        "coverage": inside.mean(),
        "coverage_gap": abs(inside.mean() - opened.parts["coverage"]),
        "interval_width": float(np.median((high - low) / said)),
        **errors(paid, median, "baseline_"),
        "baseline_interval_width": 2 * float(np.quantile(np.abs(median - paid) / median, inside.mean())),
        **errors(paid, ridge, "reference_"),
        "test_rows": len(test),
    }
    return metrics, {"paid": paid.tolist(), "said": said.tolist(), "low": low.tolist(), "high": high.tolist()}


def main(paths: script.EvaluatePaths) -> None:
    """Write evaluation.json."""
    with artifact.opened(paths) as opened:
        metrics, prices = judge(opened, script.read_table(paths.test))
        artifact.write_evaluation(paths, opened, metrics, {"prices": prices})


if __name__ == "__main__":
    script.evaluate(main)
