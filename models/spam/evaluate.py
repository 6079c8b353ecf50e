"""Judge the trained artifact on the test set, through the very code that will serve it."""

import pandas as pd
from modelkit import artifact, script
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score, roc_curve

LABEL = "yesno"


def judge(opened: artifact.Opened, test: pd.DataFrame) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return the metrics, with the accuracy of always saying the commoner class, and the ROC curve."""
    answers = opened.predict(test.drop(columns=LABEL).to_dict("records"))
    truth = test[LABEL] == "y"
    said = [answer["class"] == "spam" for answer in answers]
    score = [answer["probability"] if spam else 1 - answer["probability"] for answer, spam in zip(answers, said, strict=True)]
    false_alarms, caught, _ = roc_curve(truth, score)
    metrics = {
        "accuracy": accuracy_score(truth, said),
        "f1": f1_score(truth, said),
        "roc_auc": roc_auc_score(truth, score),
        "baseline_accuracy": max(truth.mean(), 1 - truth.mean()),
        "test_rows": len(test),
    }
    return metrics, {"false_alarms": false_alarms.round(4).tolist(), "caught": caught.round(4).tolist()}


def main(paths: script.EvaluatePaths) -> None:
    """Write evaluation.json."""
    with artifact.opened(paths) as opened:
        metrics, curve = judge(opened, script.read_table(paths.test))
        artifact.write_evaluation(paths, opened, metrics, {"roc": curve})


if __name__ == "__main__":
    script.evaluate(main)
