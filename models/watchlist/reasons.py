"""The reasons for a film's place, in words: what moves it most away from the other candidates, with the evidence for it."""

from collections.abc import Sequence

import numpy as np
from knowledge import FEATURES, Evidence, Knowledge
from movielens.films import Films

GENERAL = ("quality", "liked_share", "fame")
"""Features that say the same to everybody."""
SLIGHT = 0.25
"""A reason is left out that moves the film less than this share of the other one."""
WORDS = {
    "liked_share": ("most who rated it liked it", "few who rated it liked it"),
    "fame": ("it is well known", "hardly anybody has rated it"),
    "company": ("it is often liked along with films that you like", "it is seldom liked along with films that you like"),
    "era": ("you rate films of its years high", "you rate films of its years low"),
    "mainstream": ("you prefer films as well known as it is", "you prefer better or less known films"),
}
"""Words for a feature that speaks for a film, and against it."""


class Reasons:
    """Words for the places of the `candidates` of somebody who gave `stars` to the films `rated`.

    `shares` holds what each feature adds to each candidate's score, less the mean of the candidates.
    """

    def __init__(
        self,
        films: Films,
        knowledge: Knowledge,
        evidence: Evidence,
        shares: np.ndarray,
        *,
        rated: Sequence[int],
        stars: Sequence[float],
        candidates: Sequence[int],
    ) -> None:
        self._films, self._knowledge, self._evidence, self._shares = films, knowledge, evidence, shares
        self._rated, self._stars, self._candidates = rated, stars, candidates

    def of(self, row: int) -> str:
        """Return why the candidate `row` stands above the middle of the candidates, or below it."""
        above = bool(self._shares[row].sum() >= 0)
        moves = self._shares[row] * (1 if above else -1)
        general = [FEATURES.index(name) for name in GENERAL]
        personal = [index for index in range(len(FEATURES)) if index not in general]
        best = sorted((max(group, key=moves.__getitem__) for group in (general, personal)), key=moves.__getitem__, reverse=True)
        told = [index for index in best if moves[index] > max(0, SLIGHT * moves[best[0]])]
        return "; ".join(self._words(row, FEATURES[index], above=above) for index in told) or "nothing sets it apart"

    def _words(self, row: int, feature: str, *, above: bool) -> str:
        film = self._candidates[row]
        if feature == "quality" and self._knowledge.film_count[film]:
            mean, count = self._knowledge.mean_stars(film), int(self._knowledge.film_count[film])
            return f"{mean:.1f} stars on average from {count} viewer{'s' * (count != 1)}"
        if feature == "quality":
            return f"films of its genres are rated {'high' if above else 'low'}"
        if feature == "kind":
            return f"it is of the kind of {self._speaker(self._evidence.similar[row], above=above)}"
        if feature in ("neighbours", "taste"):
            return f"viewers like it who like {self._speaker(self._evidence.alike[row], above=above)}"
        return WORDS[feature][0 if above else 1]

    def _speaker(self, says: np.ndarray, *, above: bool) -> str:
        best = int(np.argmax(says if above else -says))
        return f"{self._films.name(self._rated[best])}, to which you gave {self._stars[best]:.1f}"
