"""Answers requests: the candidates in the order in which somebody who rated these films will like them."""

from typing import Any

import numpy as np
from knowledge import Knowledge
from modelkit import serving
from modelkit.serving import answer, input_fn, output_fn
from movielens.films import Films, sort_out
from reasons import Reasons
from threadpoolctl import threadpool_limits

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]


def model_fn(model_dir: str) -> dict[str, Any]:
    """Return the weights, the catalogue, and all that the ratings which were learnt from say."""
    threadpool_limits(1)  # of small matrices' products the second thread only waits for the first
    parts = serving.load(model_dir)
    film, viewer, stars = (parts["ratings"][name].to_numpy() for name in ("film", "viewer", "rating"))
    knowledge = Knowledge(parts["films"], int(viewer.max()) + 1)
    knowledge.observe(film, viewer, stars.astype(float))
    return {"weights": parts["weights"], "films": Films(parts["films"]), "knowledge": knowledge}


def predict_fn(instances: list[dict[str, Any]], model: dict[str, Any]) -> dict[str, Any]:
    """Return for each viewer the ranking, and what of the request was not understood."""
    return answer([_rank(instance, model) for instance in instances])


def _rank(instance: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """Return the ranking: known films first, the best on top, then those that are unknown, each once."""
    films: Films = model["films"]
    asked = list(dict.fromkeys(instance["candidates"]))
    found, unknown = sort_out(films, asked)
    known = list(dict.fromkeys(film for film in found if film is not None))
    rated, not_found = _rated(instance["rated"], films)
    before = {film: stars for film, stars in rated.items() if film not in known}
    last = [
        {"title": name, "score": None, "because": "it is unknown"}
        for name, film in zip(asked, found, strict=True)
        if film is None
    ]
    ranking = [{"rank": rank, **entry} for rank, entry in enumerate([*_scored(before, known, model), *last], 1)]
    notes = {"unknown": unknown, "rated_not_found": not_found}
    return {"ranking": ranking} | {name: why for name, why in notes.items() if why}


def _rated(entries: list[dict[str, Any]], films: Films) -> tuple[dict[int, float], list[str]]:
    found, not_found = sort_out(films, [entry["title"] for entry in entries])
    pairs = zip(found, entries, strict=True)
    return {film: float(entry["stars"]) for film, entry in pairs if film is not None}, not_found


def _scored(before: dict[int, float], known: list[int], model: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an entry for each film of `known`, the best first; equal scores keep the order of the request."""
    if not known:
        return []
    films, rated, stars = model["films"], list(before), list(before.values())
    evidence = model["knowledge"].evidence(np.array(rated, int), np.array(stars, float), np.array(known))
    points = evidence.features * model["weights"]
    shares = points - points.mean(axis=0)
    scores = shares.sum(axis=1)
    reasons = Reasons(films, model["knowledge"], evidence, shares, rated=rated, stars=stars, candidates=known)
    return [
        {
            "title": films.titles[known[row]],
            "year": films.years[known[row]],
            "movie_id": films.ids[known[row]],
            "score": round(float(scores[row]), 4),
            "because": reasons.of(row),
        }
        for row in np.argsort(-scores, kind="stable").tolist()
    ]
