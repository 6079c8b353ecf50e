"""Answers requests: spam or wanted, with the probability."""

from typing import Any

import pandas as pd
from modelkit.serving import answer, input_fn, load, output_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

model_fn = load


def predict_fn(instances: list[dict[str, Any]], parts: dict[str, Any]) -> dict[str, Any]:
    """Return for each e-mail its class and the probability of that class."""
    table = pd.DataFrame(instances, columns=parts["features"], dtype=float)
    spam = parts["model"].predict_proba(table)[:, 1].tolist()
    return answer([{"class": "spam" if p >= 0.5 else "wanted", "probability": round(max(p, 1 - p), 6)} for p in spam])
