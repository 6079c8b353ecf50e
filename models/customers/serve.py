"""Answers requests: which segment a customer belongs to, what that segment is like, and which one is next."""

from typing import Any

import numpy as np
import pandas as pd
from modelkit.serving import answer, input_fn, load, output_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

model_fn = load
FIELDS = ["recency_days", "purchases", "dollars", "tenure_days"]


def predict_fn(instances: list[dict[str, Any]], parts: dict[str, Any]) -> dict[str, Any]:
    """Return for each customer the segment; `typical` is the share of its customers who are farther from its centre."""
    table = pd.DataFrame(instances, columns=FIELDS, dtype=float)
    problems = [contradiction(instance) for instance in instances]
    possible = table.assign(recency_days=table[["recency_days", "tenure_days"]].min(axis=1))
    distances, expected = parts["model"].distances(possible), parts["model"].expected(possible)
    return answer(
        [
            {"segment": None, "problem": problem} if problem else _said(parts, instance, away, purchases)
            for problem, instance, away, purchases in zip(problems, instances, distances, expected, strict=True)
        ]
    )


def contradiction(instance: dict[str, Any]) -> str:
    """Return why no customer can have such a history, or nothing."""
    recency, tenure = instance["recency_days"], instance["tenure_days"]
    if recency > tenure:
        return f"recency_days {recency} is more than tenure_days {tenure}: the last purchase cannot be before the first"
    if instance["purchases"] == 1 and recency != tenure:
        return f"one purchase is the first and the last: recency_days must be tenure_days {tenure}, got {recency}"
    return ""


def _said(parts: dict[str, Any], instance: dict[str, Any], distances: np.ndarray, expected: float) -> dict[str, Any]:
    nearest, runner_up = (int(n) for n in np.argsort(distances, kind="stable")[:2])
    members = parts["distances"][nearest]
    said = {
        "segment": parts["names"][nearest],
        "number": nearest + 1,
        "expected_purchases": round(float(expected), 2),
        "typical": round(1 - float(np.searchsorted(members, distances[nearest])) / len(members), 3),
        "next_segment": parts["names"][runner_up],
        "profile": parts["profiles"][nearest],
    }
    shortest, longest = parts["tenure_days"]
    if not shortest <= instance["tenure_days"] <= longest:
        said["note"] = f"the segments were learned from customers of {shortest} to {longest} days; this one is outside"
    return said
