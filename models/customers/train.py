"""Learn the segments from behaviour, and then describe them by what became of their customers."""

from pathlib import Path

import numpy as np
import segmentation
from modelkit import artifact, script


def main(train: Path, model_dir: Path, segments: int, seed: int) -> None:
    """Read the `train` channel, fit, and write the artifact."""
    customers, future = script.read_table(train, "customers"), script.read_table(train, "future")
    model = segmentation.fit(customers, segments, seed)
    distances = model.distances(customers)
    nearest = distances.argmin(axis=1)
    profiles = [segmentation.profile(customers[nearest == n], future[nearest == n], len(customers)) for n in range(segments)]
    names = segmentation.names(profiles, float(customers["tenure_days"].median()))
    for name, profile in zip(names, profiles, strict=True):
        print(f"{name}: {profile['customers']} customers")
    artifact.save(
        model_dir,
        __file__,
        model=model,
        names=names,
        profiles=profiles,
        distances=[np.sort(distances[nearest == n, n]) for n in range(segments)],
        tenure_days=(int(customers["tenure_days"].min()), int(customers["tenure_days"].max())),
        seed=seed,
    )


if __name__ == "__main__":
    script.train(main, segments=5, seed=7)
