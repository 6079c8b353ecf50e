"""What an order of films is worth, in the stars that they got."""

import numpy as np

RESAMPLES = 1000


def ndcg(scores: np.ndarray, stars: np.ndarray, length: int) -> float:
    """Return the NDCG of the `length` films with the highest scores."""
    gain = 2**stars - 1
    discount = 1 / np.log2(np.arange(2, length + 2))[: len(gain)]
    best = np.sort(gain)[::-1][:length]
    return float(gain[np.argsort(-scores, kind="stable")[:length]] @ discount / (best @ discount))


def pairwise_accuracy(scores: np.ndarray, stars: np.ndarray) -> float:
    """Return the share of pairs with different stars that `scores` put in the right order."""
    better, worse = np.nonzero(stars[:, None] > stars)
    return float((scores[better] > scores[worse]).mean() + 0.5 * (scores[better] == scores[worse]).mean())


def interval(gains: np.ndarray) -> list[float]:
    """Return the bounds of the 95 % interval of the mean of `gains`, by bootstrap."""
    drawn = np.random.default_rng(7).integers(0, len(gains), (RESAMPLES, len(gains)))
    return [round(float(bound), 4) for bound in np.quantile(gains[drawn].mean(axis=1), [0.025, 0.975])]
