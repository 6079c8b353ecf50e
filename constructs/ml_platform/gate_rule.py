"""What a model must keep to get into the registry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml_platform.model_gate import ModelGate


@dataclass(frozen=True, kw_only=True)
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
    beats: str | None = None
    """Another metric that this one must be better than. Default: none."""
    beats_by: float = 0
    """By more than how much; at least 0. Default: strictly better is enough."""
    worse_than_live: float | None = None
    """By how much it may be worse than that of the version that serves, on one test set; at least 0. Default: not compared."""

    def __post_init__(self) -> None:
        """Check the rule by itself."""
        problems = list(self._problems())
        if problems:
            raise ValueError(f"gate rule for {self.metric!r}: {'; '.join(problems)}")

    def render(self) -> dict[str, Any]:
        """Return the rule as the gate's function reads it."""
        values = {
            "metric": self.metric,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "beats": self.beats,
            "beats_by": self.beats_by if self.beats is not None else None,
            "worse_than_live": self.worse_than_live,
        }
        return {key: value for key, value in values.items() if value is not None}

    def _problems(self) -> list[str]:
        numbers = {"minimum": self.minimum, "maximum": self.maximum}
        margins = {"beats_by": self.beats_by, "worse_than_live": self.worse_than_live}
        given = {key: value for key, value in {**numbers, **margins}.items() if value is not None}
        found = [f"{key} must be finite, got {value}" for key, value in given.items() if not math.isfinite(value)]
        found += [f"{key} must be at least 0, got {given[key]}" for key in margins if given.get(key, 0) < 0]
        if (self.minimum is None) == (self.maximum is None):
            found.append("give exactly one of minimum and maximum")
        if self.beats is None and self.beats_by:
            found.append("beats_by needs beats")
        if self.beats == self.metric:
            found.append("beats must name another metric")
        return found


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """Rules, what judges by them, and what a model that passes becomes."""

    rules: Sequence[GateRule]
    """All must hold; at least one."""
    function: ModelGate
    """Finds the version that serves, and judges."""
    serving_stack: str | None = None
    """Stack whose parameter names the version that serves. Default: the newest approved version counts as serving."""
    approve: bool = False
    """Whether a model that passes is registered as Approved, and so released at once. Default: it waits for a person."""

    def __post_init__(self) -> None:
        """Check that there is a gate at all."""
        if not self.rules:
            raise ValueError("a gate needs at least one rule, else every model would pass; add one")
