"""What the gate says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that a rule asks of its metric."""

    metric: str
    check: str
    """minimum, maximum, baseline or max_regression."""
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

    deployed_version: str
    checks: tuple[Check, ...]
    model_sha256: str
    """Of the artifact, or `unknown`."""

    @property
    def passed(self) -> bool:
        """Whether all hold; a verdict without a check is none."""
        return bool(self.checks) and all(check.holds for check in self.checks)
