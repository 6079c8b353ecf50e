"""What to do about an approval: pure decisions on what CloudFormation and SageMaker report.

A message is looked at again and again until its matter is settled; every look compares what is approved with what is served,
so duplicates and late messages find nothing to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from platform_contract.parameters import NO_VERSION
from promote.models import Approval


class Action(Enum):
    """What a look at a message leads to."""

    WAIT = "the stack is busy: look again later"
    UPDATE = "start a stack update, then look again"
    VERIFY = "the update has ended well: check the endpoint"
    REPORT_FAILURE = "the update was rolled back: tell"
    REPORT_REJECTED = "the version that serves was rejected: tell, and leave it serving"
    NOTHING = "what is approved is served"


@dataclass(frozen=True)
class StackState:
    """What CloudFormation reports of a serving stack."""

    status: str
    served_arn: str
    update_outcome: str | None
    """Last stack-level status of the update that this message has started; None if it has started none."""


@dataclass(frozen=True)
class Decision:
    """What to do, and with which version."""

    action: Action
    package_arn: str = NO_VERSION


def decide(approval: Approval, approved: Sequence[str], stack: StackState) -> Decision:
    """Return what to do about `approval`, given the ARNs of all `approved` versions."""
    if stack.status.endswith("_IN_PROGRESS"):
        return Decision(Action.WAIT)
    if stack.update_outcome is not None:
        ended_well = stack.update_outcome == "UPDATE_COMPLETE"
        return Decision(Action.VERIFY if ended_well else Action.REPORT_FAILURE, stack.served_arn)
    if not approval.approved:
        rejected_serves = approval.package_arn == stack.served_arn
        return Decision(Action.REPORT_REJECTED if rejected_serves else Action.NOTHING, approval.package_arn)
    newest = max(approved, key=version_of, default=NO_VERSION)
    if newest in (NO_VERSION, stack.served_arn):
        return Decision(Action.NOTHING, newest)
    return Decision(Action.UPDATE, newest)


def version_of(package_arn: str) -> int:
    """Return the version number at the end of a model package's ARN."""
    return int(package_arn.rpartition("/")[2])
