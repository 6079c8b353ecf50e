"""Answers requests: the price of a house in USD, the interval that holds it, and what moves it."""

from typing import Any

import features
import numpy as np
import pandas as pd
from modelkit.serving import answer, input_fn, load, output_fn
from threadpoolctl import threadpool_limits

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

model_fn = load
MOST_DRIVERS = 5
SMALLEST_SHARE = 0.01
"""A driver moves the price by at least this share of it."""


@threadpool_limits.wrap(limits=1)  # one instance is too little work for several
def predict_fn(instances: list[dict[str, Any]], parts: dict[str, Any]) -> dict[str, Any]:
    """Return for each house its price with the interval and the drivers, and which of its values training never saw."""
    houses = pd.DataFrame(instances, columns=features.INPUTS)
    half = parts["width"] * parts["spread"].predict(features.table(houses))
    logs, effects = _priced(houses, parts)
    return answer(
        [
            {
                "price": _dollars(logs[at]),
                "interval": {
                    "low": _dollars(logs[at] - half[at]),
                    "high": _dollars(logs[at] + half[at]),
                    "coverage": parts["coverage"],
                },
                "drivers": _drivers(house, effects[at], float(np.exp(logs[at])), parts),
                "unknown": features.unknown(house, parts["known"]),
            }
            for at, house in enumerate(instances)
        ]
    )


def _priced(houses: pd.DataFrame, parts: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithms of the prices, and by how many dollars each value moves each price.

    The effect of a value is what the price loses when the typical value stands in its place.
    """
    replaced = [houses.assign(**{name: parts["typical"][name]}) for name in features.INPUTS]
    logs = parts["model"].predict(features.table(pd.concat([houses, *replaced], ignore_index=True)))
    prices = np.exp(logs).reshape(-1, len(houses))
    return logs[: len(houses)], (prices[0] - prices[1:]).T


def _drivers(house: dict[str, Any], effects: np.ndarray, price: float, parts: dict[str, Any]) -> list[dict[str, Any]]:
    order = sorted(range(len(effects)), key=lambda at: -abs(effects[at]))[:MOST_DRIVERS]
    found = [(features.INPUTS[at], effects[at]) for at in order if abs(effects[at]) >= SMALLEST_SHARE * price]
    return [
        {
            "feature": name,
            "value": house[name],
            "typical": _plain(parts["typical"][name]),
            "effect": int(round(float(effect), -2)),
        }
        for name, effect in found
    ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else int(value)


def _dollars(log: float) -> int:
    return int(round(float(np.exp(log)), -2))
