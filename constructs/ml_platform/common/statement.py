"""A statement of a policy, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_iam as iam


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Allows `actions` on `resources`, where `conditions` hold.

    Data instead of `iam.PolicyStatement`, because a platform has dozens per model, and each of those objects lives in CDK's Node
    process, where making and asking it takes milliseconds.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
    """

    actions: Sequence[str]
    resources: Sequence[str]
    """ARNs; may hold CDK's tokens."""
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Operands by operator. Default: none, allowed always."""

    def render(self) -> dict[str, Any]:
        """Render as an element of a policy document's Statement."""
        rendered: dict[str, Any] = {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}
        return {**rendered, "Condition": self.conditions} if self.conditions else rendered


AnyStatement = Statement | iam.PolicyStatement
"""What a role takes; CDK's own object costs four calls more."""


def document(statements: Sequence[AnyStatement]) -> iam.PolicyDocument:
    """Return the policy of `statements`; CDK joins those that can be joined."""
    rendered = [s.render() if isinstance(s, Statement) else s.to_statement_json() for s in statements]
    return iam.PolicyDocument.from_json({"Statement": rendered})
