"""Answers requests: how unusual a loan application is, and what makes it so."""

from typing import Any

import features
import numpy as np
import pandas as pd
from modelkit.serving import answer, input_fn, load, output_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

model_fn = load
MOST_DRIVERS = 3
SMALLEST_SHARE = 0.05
"""A driver accounts for at least this share of what makes the application unusual."""


def predict_fn(instances: list[dict[str, Any]], parts: dict[str, Any]) -> dict[str, Any]:
    """Return for each application its score, whether it is an alert, and the drivers.

    The score is the share of good loans that are less unusual: 0.95 means that 5 of 100 good ones are as unusual or more.
    """
    applications = pd.DataFrame(instances, columns=features.INPUTS).astype(object)
    raw, falls = _explained(applications, parts)
    shares = np.searchsorted(parts["scores"], raw, side="left") / len(parts["scores"])
    return answer(
        [
            {
                "score": round(float(share), 4),
                "alert": bool(share >= parts["alert"]),
                "drivers": _drivers(application, fall, parts),
                "unknown": features.unknown(application),
            }
            for application, share, fall in zip(instances, shares, falls, strict=True)
        ]
    )


def _explained(applications: pd.DataFrame, parts: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return how unusual each application is, and how much less with the typical value in each column's place."""
    replaced = [applications.assign(**{name: parts["typical"][name]}) for name in features.INPUTS]
    every = pd.concat([applications, *replaced], ignore_index=True)
    raw = -parts["model"].score_samples(features.concerns(every, parts["middle"]))
    table = raw.reshape(-1, len(applications))
    return table[0], (table[0] - table[1:]).clip(min=0).T


def _drivers(application: dict[str, Any], falls: np.ndarray, parts: dict[str, Any]) -> list[dict[str, Any]]:
    shares = falls / falls.sum() if falls.sum() > 0 else falls
    order = sorted(range(len(shares)), key=lambda at: -shares[at])[:MOST_DRIVERS]
    found = [(features.INPUTS[at], float(shares[at])) for at in order if shares[at] >= SMALLEST_SHARE]
    return [
        {
            "feature": name,
            "value": application.get(name, "not stated"),
            "usual": parts["usual"][name],
            "share": round(share, 2),
        }
        for name, share in found
    ]
