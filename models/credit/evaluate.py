"""Judge the trained artifact on the test set, through the very code that will serve it.

Baseline: the best rule on one measure, chosen with hindsight on the test set itself: rather too strong than too weak.
References: an isolation forest without directions, the plain sum of concerns, and a logistic regression that learned the labels.
"""

import importlib
from typing import Any

import numpy as np
import pandas as pd
from modelkit import artifact, script
from sklearn.metrics import average_precision_score, precision_recall_curve, precision_score, recall_score, roc_auc_score

STATUS = "status"


def applications_of(test: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the test set as requests: what is not stated is left out."""
    rows = test.drop(columns=STATUS).astype(object).to_dict("records")
    return [{name: value for name, value in row.items() if not pd.isna(value)} for row in rows]


def others(parts: dict[str, Any], test: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the scores of what the detector is compared with."""
    features = importlib.import_module("features")  # the artifact's own, which its models were fitted on
    rows, compared = features.measures(test), parts["judges"]
    rules = [rows[name].to_numpy() * sign for name in rows for sign in (1, -1)]
    bad = test[STATUS] == "bad"
    return {
        "baseline": max(rules, key=lambda rule: average_precision_score(bad, rule)),
        "reference": -compared["plain"].score_samples(rows),
        "scorecard": (features.concerns(test, parts["middle"]) / compared["scale"]).sum(axis=1).to_numpy(),
        "supervised": compared["supervised"].predict_proba(rows)[:, 1],
    }


def judge(opened: artifact.Opened, test: pd.DataFrame) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the metrics, and the curve of precision over recall with that of the baseline."""
    bad = (test[STATUS] == "bad").to_numpy()
    answers = opened.predict(applications_of(test))
    score, alert = (np.array([found[key] for found in answers]) for key in ("score", "alert"))
    compared = others(opened.parts, test)
    metrics = {
        "average_precision": average_precision_score(bad, score),
        "roc_auc": roc_auc_score(bad, score),
        "precision": precision_score(bad, alert, zero_division=0),
        "recall": recall_score(bad, alert),
        "false_alarms": float(alert[~bad].mean()),
        **{f"{name}_average_precision": average_precision_score(bad, said) for name, said in compared.items()},
        **{f"{name}_roc_auc": roc_auc_score(bad, said) for name, said in compared.items()},
        "base_rate": float(bad.mean()),
        "test_rows": len(test),
    }
    return metrics, {"detector": curve(bad, score), "baseline": curve(bad, compared["baseline"])}


def curve(bad: np.ndarray, score: np.ndarray) -> dict[str, list[float]]:
    """Return precision and recall at every threshold."""
    precision, recall, _ = precision_recall_curve(bad, score)
    return {"precision": precision.round(4).tolist(), "recall": recall.round(4).tolist()}


def main(paths: script.EvaluatePaths) -> None:
    """Write evaluation.json."""
    with artifact.opened(paths) as opened:
        metrics, curves = judge(opened, script.read_table(paths.test))
        artifact.write_evaluation(paths, opened, metrics, curves)


if __name__ == "__main__":
    script.evaluate(main)
