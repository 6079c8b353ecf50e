"""Learn which liked film speaks for which other one: EASE (Steck, WWW 2019), with older ratings counting less.

EASE is the linear model X ~ X B with a zero diagonal and a ridge penalty, in closed form: with P = (X'X + penalty)^-1,
B[i, j] = -P[i, j] / P[j, j]. Here X holds how much a viewer liked a film, each rating weighted by its age, and the weights
towards a film grow with its trend.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from liking import YEAR, liking, popularity, trend
from modelkit import artifact, script
from scipy import sparse


def learn(x: np.ndarray, penalty: float) -> np.ndarray:
    """Return B for `x`, viewers by films.

    Where there are fewer viewers than films, P is found through the smaller matrix: penalty P = I - X' (X X' + penalty)^-1 X.
    """
    viewers, films = x.shape
    if viewers < films:
        p = -x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(viewers, dtype=x.dtype), x)
        np.fill_diagonal(p, p.diagonal() + 1)
    else:
        p = np.linalg.inv(x.T @ x + penalty * np.eye(films, dtype=x.dtype))
    b = -p / p.diagonal()
    np.fill_diagonal(b, 0)
    return b


def strongest(b: np.ndarray, films: np.ndarray, size: int, neighbours: int) -> sparse.csr_matrix:
    """Return the `neighbours` strongest weights towards each film, as a matrix over all `size` films."""
    kept = min(neighbours, len(b) - 1)
    rows = np.argpartition(-np.abs(b), kept, axis=0)[:kept]
    columns = np.broadcast_to(np.arange(len(b)), rows.shape)
    values = np.take_along_axis(b, rows, axis=0).astype(np.float32)
    matrix = sparse.csr_matrix((values.ravel(), (films[rows.ravel()], films[columns.ravel()])), (size, size))
    matrix.sort_indices()
    return matrix


def likings(learnt: pd.DataFrame, half_life_years: float, least_likers: int) -> tuple[np.ndarray, np.ndarray]:
    """Return X, viewers by films, and which films its columns are: those that enough viewers liked."""
    age = (learnt["timestamp"].max() - learnt["timestamp"]) / YEAR
    weight = liking(learnt["rating"]) * 0.5 ** (age / half_life_years / 2)  # the square root of it, since X'X squares
    liked = learnt.assign(weight=weight, viewer=learnt["userId"].factorize(sort=True)[0])[weight > 0]
    counts = liked["film"].value_counts()
    kept = np.sort(counts.index[counts >= least_likers].to_numpy())
    liked = liked[liked["film"].isin(kept)]
    x = np.zeros((liked["viewer"].max() + 1, len(kept)), dtype=np.float32)
    x[liked["viewer"], np.searchsorted(kept, liked["film"])] = liked["weight"]
    return x, kept


def main(
    train: Path,
    model_dir: Path,
    penalty: float,
    half_life_years: float,
    trend_power: float,
    least_likers: int,
    neighbours: int,
) -> None:
    """Read the `train` channel, fit, and write the artifact."""
    films, ratings = script.read_table(train, "films"), script.read_table(train, "ratings")
    ratings["film"] = np.searchsorted(films["movieId"], ratings["movieId"])
    learnt = ratings[ratings["part"] == "learn"]
    x, kept = likings(learnt, half_life_years, least_likers)
    rising = trend(learnt, len(films))[kept] ** trend_power
    weights = strongest(learn(x, penalty) * rising.astype(np.float32), kept, len(films), neighbours)
    print(f"learnt from {np.count_nonzero(x)} likings: {len(kept)} of {len(films)} films, {weights.nnz} weights")
    histories = {viewer: own[["film", "rating"]].to_numpy() for viewer, own in ratings.groupby("userId")}
    popular = popularity(learnt, len(films))
    artifact.save(model_dir, __file__, weights=weights, popular=popular, histories=histories, films=films)


if __name__ == "__main__":
    script.train(main, penalty=150.0, half_life_years=8.0, trend_power=0.3, least_likers=2, neighbours=200)
