"""Train the spam classifier."""

from pathlib import Path

from modelkit import artifact, script
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

LABEL = "yesno"


def main(train: Path, model_dir: Path, learning_rate: float, max_iter: int, seed: int) -> None:
    """Read the `train` channel, fit, and write the artifact."""
    table = script.read_table(train)
    features = table.drop(columns=LABEL)
    model = HistGradientBoostingClassifier(learning_rate=learning_rate, max_iter=max_iter, random_state=seed)
    with threadpool_limits(1):  # the number of threads would show in the last digits, and so in the artifact's hash
        model.fit(features, table[LABEL] == "y")
    print(f"trained on {len(table)} rows, {model.n_iter_} iterations")
    artifact.save(model_dir, __file__, model=model, features=list(features.columns))


if __name__ == "__main__":
    script.train(main, learning_rate=0.1, max_iter=200, seed=7)
