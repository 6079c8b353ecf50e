"""Judge the trained artifact on the test set, through the very code that will serve it."""

import argparse
import importlib.util
import json
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType

import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

LABEL = "yesno"


def load_serving(folder: Path) -> ModuleType:
    """Return the serving module that the artifact carries."""
    spec = importlib.util.spec_from_file_location("artifact_serve", folder / "code/serve.py")
    if spec is None or spec.loader is None:
        raise SystemExit("evaluate: the artifact has no code/serve.py; train.py must put it there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(artifact: Path, test: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of `artifact` on `test`, with the accuracy of always saying the commoner class."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(artifact) as archive:
            archive.extractall(folder, filter="data")
        serving = load_serving(Path(folder))
        model = serving.model_fn(folder)
    answers = serving.predict_fn(test.drop(columns=LABEL).to_dict("records"), model)["predictions"]
    truth = test[LABEL] == "y"
    said = [answer["class"] == "spam" for answer in answers]
    score = [answer["probability"] if spam else 1 - answer["probability"] for answer, spam in zip(answers, said, strict=True)]
    return {
        "accuracy": accuracy_score(truth, said),
        "f1": f1_score(truth, said),
        "roc_auc": roc_auc_score(truth, score),
        "baseline_accuracy": float(max(truth.mean(), 1 - truth.mean())),
        "test_rows": len(test),
    }


def main() -> None:
    """Write evaluation.json."""
    parser = argparse.ArgumentParser()
    for name in ("--model", "--test", "--output"):
        parser.add_argument(name, type=Path, required=True)
    arguments = parser.parse_args()
    test = pd.concat([pd.read_csv(file) for file in sorted(arguments.test.glob("*.csv"))])
    metrics = judge(arguments.model / "model.tar.gz", test)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "evaluation.json").write_text(json.dumps({"metrics": metrics}, indent=2))
    print(json.dumps(metrics))


if __name__ == "__main__":
    main()
