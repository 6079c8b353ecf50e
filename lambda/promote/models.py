"""Events and names, as types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform_contract.promotion import PromotedModel


@dataclass(frozen=True)
class Approval:
    """A version's approval changed."""

    event_id: str
    group_name: str
    package_arn: str
    approved: bool

    @property
    def token(self) -> str:
        """Token of the stack update that this event causes; CloudFormation marks the update's events with it."""
        return f"promote-{self.event_id}"


def parse_approval(body: str) -> Approval:
    """Return the approval in an SQS message's body, which is an EventBridge event."""
    event: Mapping[str, Any] = json.loads(body)
    detail = event["detail"]
    return Approval(
        event_id=event["id"],
        group_name=detail["ModelPackageGroupName"],
        package_arn=detail["ModelPackageArn"],
        approved=detail["ModelApprovalStatus"] == "Approved",
    )


def load_models(path: Path) -> dict[str, PromotedModel]:
    """Return the served models by the name of their model package group."""
    models = [PromotedModel(**entry) for entry in json.loads(path.read_text())]
    return {model.group_name: model for model in models}
