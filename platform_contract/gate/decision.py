"""What a model must keep, and whether it does: pure decisions on two evaluations."""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

from platform_contract.gate.evaluation import Evaluation, NoNumber, read
from platform_contract.gate.numbers import pair, shown
from platform_contract.gate.rule import GateRule
from platform_contract.gate.verdict import Check, Verdict
from platform_contract.parameters import NO_VERSION

LONGEST_FAILURE = 300
"""Characters of a failed run's last lines that are told; the end says most, and the remedy must fit behind it."""
REMEDY = "to go on without it: mlp train --compare-with none (parameter CompareWith=none)"


def decide(
    new: str | None, deployed: str | None, deployed_failure: str | None, deployed_version: str, rules: Sequence[GateRule]
) -> Verdict:
    """Return the verdict on a new model.

    Parameters
    ----------
    new, deployed
        Text of evaluation.json of the new model and of the version that serves; None where there is no such file.
    deployed_failure
        Last lines of the run that should have judged the version that serves; None where it did not fail.
    deployed_version
        Number of that version, or `none`.
    rules
        What the new model must keep.
    """
    evaluation = read(new)
    served = _served(deployed, deployed_failure)
    checks = [check for rule in rules for check in _checks(rule, evaluation, served, deployed_version)]
    return Verdict(deployed_version, tuple(checks), evaluation.model_sha256)


def _served(deployed: str | None, failure: str | None) -> Evaluation:
    if failure is not None:
        words = " ".join(failure.split()) or "it wrote nothing"
        end = words if len(words) <= LONGEST_FAILURE else f"...{words[-LONGEST_FAILURE:]}"
        return Evaluation({}, f"evaluate.py failed on it: {end}")
    return read(deployed)


def _checks(rule: GateRule, new: Evaluation, deployed: Evaluation, deployed_version: str) -> Iterator[Check]:
    yield _bound(rule, new)
    if rule.baseline is not None:
        yield _baseline(rule, rule.baseline, new)
    if rule.max_regression is not None and deployed_version != NO_VERSION:
        yield _max_regression(rule, rule.max_regression, new, deployed, deployed_version)


def _bound(rule: GateRule, new: Evaluation) -> Check:
    bound, check, held, missed = (
        (rule.minimum, "minimum", "at least", "below") if rule.higher_is_better else (rule.maximum, "maximum", "at most", "above")
    )
    assert bound is not None
    try:
        value = new.number(rule.metric)
    except NoNumber as reason:
        return Check(rule.metric, check, None, bound, False, str(reason))
    holds = value == bound or _better(rule, value, bound)
    texts = pair(value, bound)
    return Check(rule.metric, check, value, bound, holds, f"{rule.metric} {texts[0]} is {held if holds else missed} {texts[1]}")


def _baseline(rule: GateRule, other: str, new: Evaluation) -> Check:
    value: float | None = None
    try:
        value = new.number(rule.metric)
        compared = new.number(other)
    except NoNumber as reason:
        return Check(rule.metric, "baseline", value, None, False, str(reason))
    lead, needed = _lead(rule, value, compared), Decimal(repr(rule.lead))
    holds = lead > needed
    bound = _moved(compared, needed if rule.higher_is_better else -needed)
    names = dict(zip((rule.metric, other), pair(value, compared), strict=True))
    if lead <= 0:
        says = f"{rule.metric} {names[rule.metric]} does not beat {other} {names[other]}"
    else:
        says = f"{rule.metric} {names[rule.metric]} beats {other} {names[other]}{_by(lead, needed, holds)}"
    return Check(rule.metric, "baseline", value, bound, holds, says)


def _by(lead: Decimal, needed: Decimal, holds: bool) -> str:
    if needed == 0:
        return ""
    texts = pair(float(lead), float(needed))
    return f" by {texts[0]}, {'' if holds else 'not '}more than {texts[1]}"


def _max_regression(rule: GateRule, allowed: float, new: Evaluation, deployed: Evaluation, version: str) -> Check:
    try:
        value = new.number(rule.metric)
    except NoNumber as reason:
        return Check(rule.metric, "max_regression", None, None, False, str(reason))
    try:
        served = deployed.number(rule.metric)
    except NoNumber as reason:
        says = f"{rule.metric} could not be compared with deployed version {version}: {reason}; {REMEDY}"
        return Check(rule.metric, "max_regression", value, None, False, says)
    margin = Decimal(repr(allowed))
    loss = -_lead(rule, value, served)
    holds = loss <= margin
    texts = pair(value, served)
    compared = f"{texts[1]} of deployed version {version}"
    says = f"{rule.metric} {texts[0]} is {_compared(loss, margin, compared, holds)}"
    bound = _moved(served, -margin if rule.higher_is_better else margin)
    return Check(rule.metric, "max_regression", value, bound, holds, says)


def _compared(loss: Decimal, margin: Decimal, served: str, holds: bool) -> str:
    if loss <= 0:
        return f"{'as good as' if loss == 0 else 'better than'} {served}"
    if not margin:
        return f"{shown(float(loss))} worse than {served}"
    texts = pair(float(loss), float(margin))
    return f"{texts[0]} worse than {served}, {'within' if holds else 'more than'} the allowed {texts[1]}"


def _better(rule: GateRule, value: float, other: float) -> bool:
    return value > other if rule.higher_is_better else value < other


def _lead(rule: GateRule, value: float, other: float) -> Decimal:
    """Return by how much `value` is better, in the decimals that people write: 0.87 leads 0.85 by exactly 0.02."""
    difference = Decimal(repr(value)) - Decimal(repr(other))
    return difference if rule.higher_is_better else -difference


def _moved(value: float, by: Decimal) -> float | None:
    """Return the bound, or None where no number is large enough to be it."""
    bound = float(Decimal(repr(value)) + by)
    return bound if math.isfinite(bound) else None
