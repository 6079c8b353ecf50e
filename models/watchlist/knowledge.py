"""What all viewers' ratings up to a moment say about films, and about films for somebody who rated some of them.

The same code makes the features of the training queries, while it is fed the ratings in the order of time, and those of a
request, after it was fed all that the model learnt from. So no feature can know more than was known at its moment.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

FEATURES = ["quality", "liked_share", "fame", "neighbours", "taste", "company", "kind", "era", "mainstream"]
"""quality: viewers' ratings of the film, less what each viewer gives on average, shrunk to the mean of its genres.
liked_share: share of its ratings with 4 stars or more. fame: how many rated it (log).
neighbours, taste: what the viewer thinks of films that the same people rated, and rated alike.
company: how often it is liked together with films that the viewer likes. kind: what the viewer thinks of films of its genres
and years. era: ... of its years. mainstream: fame, as far as the viewer prefers well-known films."""
UNSURE = 5.0
"""A mean counts as if so many ratings at the expected value were there too."""
CENTRE, LIKED = 3.5, 4
NEAR_YEARS, WIDE_YEARS = 8.0, 15.0


@dataclass(frozen=True)
class Evidence:
    """Why a film stands where it does: features (candidates by FEATURES), and who speaks for it (candidates by rated films)."""

    features: np.ndarray
    similar: np.ndarray
    alike: np.ndarray


class Knowledge:
    """Ratings so far, as films by viewers; viewers are numbered in the order in which they came."""

    def __init__(self, films: pd.DataFrame, viewers: int) -> None:
        genres = films["genres"].fillna("").str.get_dummies("|").to_numpy(np.float32)
        years = films["year"].to_numpy(float)
        self._years = np.where(np.isnan(years), np.nanmedian(years), years)
        self._share = genres / np.maximum(genres.sum(axis=1, keepdims=True), 1)
        self._direction = genres / np.maximum(np.linalg.norm(genres, axis=1, keepdims=True), 1)
        self._stars = np.zeros((len(films), viewers), np.float32)
        self._viewer_sum, self._viewer_count = np.zeros(viewers), np.zeros(viewers)
        self._genre_sum, self._genre_count = np.zeros(genres.shape[1]), np.zeros(genres.shape[1])
        self.film_sum, self.film_count = np.zeros(len(films)), np.zeros(len(films))
        self._seen = 0

    def observe(self, film: np.ndarray, viewer: np.ndarray, stars: np.ndarray) -> None:
        """Take note of ratings, later than all before."""
        self._stars[film, viewer] = stars
        for total, index in ((self.film_sum, film), (self._viewer_sum, viewer)):
            np.add.at(total, index, stars - CENTRE)
        for count, index in ((self.film_count, film), (self._viewer_count, viewer)):
            np.add.at(count, index, 1)
        self._seen = max(self._seen, int(viewer.max(initial=-1)) + 1)
        beyond = stars - CENTRE - self._levels()[viewer]
        self._genre_sum += self._share[film].T @ beyond
        self._genre_count += self._share[film].sum(axis=0)

    def mean_stars(self, film: int) -> float:
        """Return the mean rating of a film that has ratings."""
        return float(CENTRE + self.film_sum[film] / self.film_count[film])

    def _levels(self) -> np.ndarray:
        return self._viewer_sum / (self._viewer_count + UNSURE)

    def evidence(self, rated: np.ndarray, stars: np.ndarray, candidates: np.ndarray) -> Evidence:
        """Return the evidence on `candidates` for somebody who gave `stars` to the films `rated`, no candidates among them."""
        films = np.concatenate([rated, candidates])
        given = self._stars[films, : self._seen]
        known = given > 0
        liked = (given >= LIKED).astype(np.float32)
        beyond = (given - CENTRE - self._levels()[: self._seen].astype(np.float32)) * known
        count = known.sum(axis=1)
        expected = self._share[films] @ (self._genre_sum / (self._genre_count + 10 * UNSURE))
        quality = (beyond.sum(axis=1) + UNSURE * expected) / (count + UNSURE)
        beyond -= quality[:, None].astype(np.float32) * known
        own = len(rated)
        surprise = stars - CENTRE - quality[:own]
        surprise = surprise - surprise.sum() / (own + UNSURE)
        alike = _cosine(beyond, own, 10.0)
        together = _cosine(liked, own, UNSURE)
        similar = self._similar(rated, candidates)
        fame = np.log1p(self.film_count[films])
        columns = {
            "quality": quality[own:],
            "liked_share": (liked[own:].sum(axis=1) + 2) / (count[own:] + 4),
            "fame": fame[own:],
            "neighbours": together @ surprise / (together.sum(axis=1) + 0.3),
            "taste": alike @ surprise,
            "company": together @ (stars >= LIKED) / ((stars >= LIKED).sum() + UNSURE),
            "kind": similar @ surprise / (similar.sum(axis=1) + 2),
            "era": self._era(rated, candidates, surprise),
            "mainstream": _along(fame[:own], surprise, fame[own:]),
        }
        features = np.column_stack([columns[name] for name in FEATURES])
        return Evidence(features, similar * surprise, together * surprise)

    def _similar(self, rated: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        genres = self._direction[candidates] @ self._direction[rated].T
        return genres**2 * np.exp(-((self._apart(rated, candidates) / WIDE_YEARS) ** 2))

    def _era(self, rated: np.ndarray, candidates: np.ndarray, surprise: np.ndarray) -> np.ndarray:
        near = np.exp(-((self._apart(rated, candidates) / NEAR_YEARS) ** 2))
        return near @ surprise / (near.sum(axis=1) + 3)

    def _apart(self, rated: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        return self._years[candidates][:, None] - self._years[rated]


def _cosine(rows: np.ndarray, own: int, shrinkage: float) -> np.ndarray:
    """Return the shrunk cosine of each row after the first `own` with each of those."""
    squares = np.sqrt((rows * rows).sum(axis=1))
    return (rows[own:] @ rows[:own].T) / (np.outer(squares[own:], squares[:own]) + shrinkage)


def _along(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return how far the line through `x` and `y`, flattened where there are few, leads away from its middle at `at`."""
    if not len(x):
        return np.zeros(len(at))
    away = x - x.mean()
    line: np.ndarray = (away @ y / (away @ away + 2 * UNSURE)) * (at - x.mean())
    return line
