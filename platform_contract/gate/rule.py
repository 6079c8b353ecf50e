"""A rule of the gate."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class GateRule:
    """A metric of evaluation.json and what it must keep.

    Raises
    ------
    ValueError
        If not exactly one bound is given, a number is not finite or a margin is negative, or a margin has nothing to refer to.
    """

    metric: str
    """Key under `metrics` in what evaluate.py writes."""
    minimum: float | None = None
    """Smallest value that passes: higher is better."""
    maximum: float | None = None
    """Largest value that passes: lower is better."""
    baseline: str | None = None
    """Another metric that this one must be better than. Default: none."""
    min_improvement: float | None = None
    """By more than how much; at least 0. Default: strictly better is enough."""
    max_regression: float | None = None
    """By how much it may be worse than that of the version that serves, on one test set; at least 0. Default: not compared."""

    def __post_init__(self) -> None:
        """Check the rule by itself."""
        problems = list(self._problems())
        if problems:
            raise ValueError(f"gate rule for {self.metric!r}: {'; '.join(problems)}")

    @property
    def higher_is_better(self) -> bool:
        """Whether the rule has a minimum."""
        return self.minimum is not None

    @property
    def lead(self) -> float:
        """By more than how much it must be better than the baseline."""
        return self.min_improvement or 0

    def render(self) -> dict[str, Any]:
        """Return the rule as the gate's function reads it."""
        values = {
            "metric": self.metric,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "baseline": self.baseline,
            "min_improvement": self.lead if self.baseline is not None else None,
            "max_regression": self.max_regression,
        }
        return {key: value for key, value in values.items() if value is not None}

    def _problems(self) -> list[str]:
        numbers = {"minimum": self.minimum, "maximum": self.maximum}
        margins = {"min_improvement": self.min_improvement, "max_regression": self.max_regression}
        given = {key: value for key, value in {**numbers, **margins}.items() if value is not None}
        found = [f"{key} must be finite, got {value}" for key, value in given.items() if not math.isfinite(value)]
        found += [f"{key} must be at least 0, got {given[key]}" for key in margins if given.get(key, 0) < 0]
        if (self.minimum is None) == (self.maximum is None):
            found.append("it has either minimum (higher is better) or maximum (lower is better); give exactly one of them")
        if self.baseline is None and self.min_improvement is not None:
            found.append("min_improvement is the lead over a baseline; add baseline, or remove min_improvement")
        if self.baseline == self.metric:
            found.append(f"baseline names the rule's own metric; name another, such as baseline_{self.metric}")
        return found
