"""What a pipeline's step asks, what is judged, and what comes of it, as types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NO_VERSION = "none"
"""Stands for a version's number where no version serves, or none is to be compared with."""
COMPARE_WITH = ("live", "none")


@dataclass(frozen=True)
class Rule:
    """A metric and what it must keep; exactly one of the two bounds is set."""

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    beats: str | None = None
    beats_by: float = 0
    worse_than_live: float | None = None

    @property
    def higher_is_better(self) -> bool:
        """Whether the rule has a minimum."""
        return self.minimum is not None


@dataclass(frozen=True)
class Check:
    """One thing that a rule asks of its metric."""

    metric: str
    check: str
    """minimum, maximum, beats or worse_than_live."""
    value: float | None
    """None where there is no number."""
    bound: float | None
    """What the value is held against; None where there is no number."""
    holds: bool
    says: str
    """A sentence without a full stop."""


@dataclass(frozen=True)
class Verdict:
    """All checks of all rules."""

    live_version: str
    checks: tuple[Check, ...]
    model_sha256: str
    """Of the artifact, or `unknown`."""

    @property
    def passed(self) -> bool:
        """Whether all hold; a verdict without a check is none."""
        return bool(self.checks) and all(check.holds for check in self.checks)


@dataclass(frozen=True)
class Live:
    """The version that serves, and where its artifact lies."""

    version: str
    artifact: str


@dataclass(frozen=True)
class LiveRequest:
    """The `live` step's question."""

    group: str
    stack: str
    """Empty where the model is not served: then the newest approved version counts."""
    compare_with: str
    fallback: str
    """Artifact to name where there is no version."""


@dataclass(frozen=True)
class JudgeRequest:
    """The `judge` step's question; its rules come as JSON, because a Lambda step takes no nested arguments."""

    evaluation: str
    """S3 prefix under which evaluate has left its files."""
    live_version: str
    rules: tuple[Rule, ...]


def parse(event: Mapping[str, Any]) -> LiveRequest | JudgeRequest:
    """Return what the step asks.

    Raises
    ------
    ValueError
        If `operation` or `compare_with` is not one that there is.
    KeyError
        If something is missing; only a pipeline of another version of this platform can cause it.
    """
    match event["operation"]:
        case "live":
            request = LiveRequest(event["group"], event["stack"], event["compare_with"], event["fallback"])
            if request.compare_with not in COMPARE_WITH:
                allowed = ", ".join(COMPARE_WITH)
                raise ValueError(
                    f"CompareWith is {request.compare_with!r}; allowed: {allowed}. Start the pipeline with one of them"
                )
            return request
        case "judge":
            rules = tuple(Rule(**rule) for rule in json.loads(event["rules"]))
            return JudgeRequest(event["evaluation"], event["live_version"], rules)
        case other:
            raise ValueError(f"operation is {other!r}; allowed: live, judge")
