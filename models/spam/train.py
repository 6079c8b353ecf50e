"""Train the spam classifier; the artifact carries the code that serves it."""

import argparse
import os
import shutil
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

LABEL = "yesno"


def main() -> None:
    """Read the `train` channel, fit, and write model.joblib and code/serve.py into the model folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--max-iter", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    arguments = parser.parse_args()

    table = pd.concat([pd.read_csv(file) for file in sorted(arguments.train.glob("*.csv"))])
    features = table.drop(columns=LABEL)
    model = HistGradientBoostingClassifier(
        learning_rate=arguments.learning_rate, max_iter=arguments.max_iter, random_state=arguments.seed
    )
    model.fit(features, table[LABEL] == "y")
    print(f"trained on {len(table)} rows, {model.n_iter_} iterations")

    joblib.dump({"model": model, "features": list(features.columns)}, arguments.model_dir / "model.joblib")
    code = arguments.model_dir / "code"
    code.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name("serve.py"), code / "serve.py")


if __name__ == "__main__":
    main()
