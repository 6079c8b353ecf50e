"""Reads what evaluate.py wrote; whatever it wrote, the answer is numbers or a sentence that says why not."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

LONGEST = 40
"""Characters of a wrong value that are shown."""
UNKNOWN = "unknown"


class NoNumber(Exception):
    """There is no number to judge; the text is a sentence without a full stop."""


@dataclass(frozen=True)
class Evaluation:
    """One evaluation.json, or why there is none."""

    content: dict[str, Any]
    problem: str | None = None

    def number(self, metric: str) -> float:
        """Return the metric.

        Raises
        ------
        NoNumber
            If the evaluation, or this metric of it, is missing, not a number, or not finite.
        """
        if self.problem is not None:
            raise NoNumber(self.problem)
        metrics = self.content["metrics"]
        if metric not in metrics:
            raise NoNumber(f"{metric} is missing from the metrics of evaluation.json")
        return _number(metric, metrics[metric])

    @property
    def model_sha256(self) -> str:
        """Digest of the artifact that was evaluated."""
        found = self.content.get("model_sha256")
        return found if isinstance(found, str) and re.fullmatch("[0-9a-f]{64}", found) else UNKNOWN


def read(text: str | None) -> Evaluation:
    """Return the evaluation in `text`, which is None where there is no file."""
    if text is None:
        return Evaluation({}, "evaluate.py wrote no evaluation.json")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Evaluation({}, f"evaluation.json is not JSON: {error}")
    if not isinstance(content, dict):
        return Evaluation({}, f"evaluation.json is {_kind(content)}, not an object with metrics")
    if not isinstance(content.get("metrics"), dict):
        return Evaluation(content, "evaluation.json has no object called metrics")
    return Evaluation(content)


def _number(metric: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoNumber(f"{metric} is {_kind(value)}, not a number")
    try:
        number = float(value)
    except OverflowError:
        raise NoNumber(f"{metric} is too large a number") from None
    if not math.isfinite(number):
        raise NoNumber(f"{metric} is {'NaN' if math.isnan(number) else 'infinite'}, not a finite number")
    return number


def _kind(value: Any) -> str:
    """Return a value as JSON has it, or its kind where it is long."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
