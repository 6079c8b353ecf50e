"""Answers requests: films that a viewer has not rated yet and would like, the best first, each with its reason."""

from typing import Any

import numpy as np
from liking import RECENT_YEARS, liking
from modelkit.serving import answer, input_fn, load, output_fn
from movielens.films import Films, sort_out

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]

LIKED_STARS = 5.0
"""What naming a film under `liked` is worth."""
DEFAULT_COUNT = 10
POPULAR = f"no taste is known yet: these are the films that most viewers liked in the last {RECENT_YEARS} years of the data"


def model_fn(model_dir: str) -> dict[str, Any]:
    """Return the weights between films, the viewers' ratings, and the catalogue."""
    parts = load(model_dir)
    return parts | {"films": Films(parts["films"])}


def predict_fn(instances: list[dict[str, Any]], parts: dict[str, Any]) -> dict[str, Any]:
    """Return for each viewer the titles, whether the viewer is known, and what of the request was not understood."""
    return answer([_recommend(instance, parts) for instance in instances])


def _recommend(instance: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    films: Films = parts["films"]
    history = parts["histories"].get(instance.get("user_id"))
    named, not_found = sort_out(films, instance.get("liked", []))
    stars = {} if history is None else {int(film): float(rating) for film, rating in history}
    new = {film: LIKED_STARS for film in named if film is not None and film not in stars}
    rated = np.array([*stars, *new], dtype=int)
    worth = liking(np.array([*stars.values(), *new.values()]))
    weights = parts["weights"][rated]
    scores = weights.T @ worth
    order = _order(scores, parts["popular"], rated)[: instance.get("count", DEFAULT_COUNT)]
    reasons = _reasons(order, weights[:, order].toarray() * worth[:, None], rated, stars, parts)
    content = {
        "titles": [
            {
                "rank": rank,
                "title": films.titles[film],
                "year": films.years[film],
                "movie_id": films.ids[film],
                "score": round(float(scores[film]), 4),
                "because": because,
            }
            for rank, (film, because) in enumerate(zip(order, reasons, strict=True), 1)
        ],
        "known_viewer": history is not None,
    }
    notes = {"note": POPULAR} if not scores.any() else {}
    return content | notes | ({"not_found": not_found} if not_found else {})


def _order(scores: np.ndarray, popular: np.ndarray, rated: np.ndarray) -> list[int]:
    """Return all films but those rated: by score, and where that is equal (as it is without history) by popularity."""
    order = np.lexsort((-popular, -scores))
    return order[~np.isin(order, rated)].tolist()


def _reasons(order: list[int], added: np.ndarray, rated: np.ndarray, stars: dict[int, float], parts: dict[str, Any]) -> list[str]:
    """Return for each film of `order` the rated film that adds most to its score (`added`, rated by order), or its popularity."""
    reasons = []
    for column, film in enumerate(order):
        best = int(added[:, column].argmax()) if len(rated) else -1
        if best < 0 or added[best, column] <= 0:
            reasons.append(f"liked by {parts['popular'][film]:.0f} viewers in the last {RECENT_YEARS} years of the data")
            continue
        speaker = int(rated[best])
        name = parts["films"].name(speaker)
        reasons.append(f"you rated {name} {stars[speaker]:.1f}" if speaker in stars else f"you like {name}")
    return reasons
