"""The BG/NBD model of repeat buying: how often a customer buys, and after which purchase he is gone.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24(2), 2005: equations 6 and 10. Each customer
buys at a rate of his own and may stop after any purchase; both vary over customers, by a gamma and a beta distribution.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

NAMES = ("r", "alpha", "a", "b")
DAYS = 7.0
"""Days of the model's unit of time, a week."""
LOWEST, HIGHEST = -7.0, 9.0
"""Bounds of the logarithm of each parameter; data that says nothing about one of them drives it there."""


def _history(table: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return repeat purchases, time of the last one and time observed, both in weeks since the first purchase."""
    repeats = np.asarray(table["purchases"], float) - 1
    observed = np.asarray(table["tenure_days"], float) / DAYS
    return repeats, observed - np.asarray(table["recency_days"], float) / DAYS, observed


def fit(table: Mapping[str, Any]) -> dict[str, float]:
    """Return the parameters under which the histories in `table` are likeliest."""
    repeats, last, observed = _history(table)

    def loss(logarithms: np.ndarray) -> float:
        return -log_likelihood(np.exp(logarithms), repeats, last, observed).mean()

    found = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=[(LOWEST, HIGHEST)] * 4).x
    return dict(zip(NAMES, np.exp(found).tolist(), strict=True))


def log_likelihood(parameters: np.ndarray, repeats: np.ndarray, last: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the logarithm of each history's probability."""
    r, alpha, a, b = parameters
    both = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha) + betaln(a, b + repeats) - betaln(a, b)
    active = -(r + repeats) * np.log(alpha + observed)
    gone = np.log(a) - np.log(b + np.maximum(repeats, 1) - 1) - (r + repeats) * np.log(alpha + last)
    return both + np.logaddexp(active, np.where(repeats > 0, gone, -np.inf))


def expected(parameters: Mapping[str, float], table: Mapping[str, Any], weeks: float) -> np.ndarray:
    """Return the number of purchases to expect of each customer in the next `weeks`."""
    r, alpha, a, b = (parameters[name] for name in NAMES)
    if abs(a - 1) < 1e-4:  # the expression has a removable gap there
        a = 1.0001
    repeats, last, observed = _history(table)
    total = alpha + observed + weeks
    series = hyp2f1(r + repeats, b + repeats, a + b + repeats - 1, weeks / total)
    if_active = (a + b + repeats - 1) / (a - 1) * (1 - ((alpha + observed) / total) ** (r + repeats) * series)
    odds = a / (b + np.maximum(repeats, 1) - 1) * ((alpha + observed) / (alpha + last)) ** (r + repeats)
    return if_active / (1 + np.where(repeats > 0, odds, 0))
