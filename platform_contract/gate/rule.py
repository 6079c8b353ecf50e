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
    beats: str | None = None
    """Another metric that this one must be better than. Default: none."""
    beats_by: float | None = None
    """By more than how much; at least 0. Default: strictly better is enough."""
    worse_than_live: float | None = None
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
        """By more than how much it must be better than what it beats."""
        return self.beats_by or 0

    def render(self) -> dict[str, Any]:
        """Return the rule as the gate's function reads it."""
        values = {
            "metric": self.metric,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "beats": self.beats,
            "beats_by": self.lead if self.beats is not None else None,
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
            found.append("it has either minimum (higher is better) or maximum (lower is better); give exactly one of them")
        if self.beats is None and self.beats_by is not None:
            found.append("beats_by says by how much beats must be beaten; add beats, or remove beats_by")
        if self.beats == self.metric:
            found.append(f"beats names the rule's own metric; name another, such as baseline_{self.metric}")
        return found
