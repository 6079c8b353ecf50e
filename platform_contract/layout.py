"""Where things lie in the platform's buckets: the first segment of every key says what kind of thing it is.

So a model, a notebook and a dataset may be called the same, or as one of the kinds, and rights and lifecycle rules of one kind
never meet what belongs to another.
"""

from typing import Literal

Results = Literal["train", "test", "model", "evaluation", "capture"]
"""What belongs to a model: training set, test set, artifacts, evaluations with verdicts, captured requests and answers."""

DATASETS = "datasets/"
"""In the data bucket."""
MODELS = "models/"
NOTEBOOKS = "notebooks/"
QUERIES = "queries/"
"""In the artifacts bucket: results of Athena queries, which expire."""
EVALUATION, VERDICT = "evaluation.json", "gate.json"
"""In one execution's evaluation."""


def raw(dataset: str) -> str:
    """Return the prefix of a dataset's raw data, in the data bucket."""
    return f"{DATASETS}{dataset}/raw/"


def results(model: str, kind: Results) -> str:
    """Return the prefix of one kind of a model's results, in the artifacts bucket; the kind comes before the execution's id.

    Rights are limited to it: who trains never sees the test set.
    """
    return f"{MODELS}{model}/{kind}/"


def notebook(name: str) -> str:
    """Return the prefix under which a notebook writes, in the artifacts bucket."""
    return f"{NOTEBOOKS}{name}/"
