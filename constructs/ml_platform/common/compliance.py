"""Acknowledged findings: a rule, the resource it is about, and which limit of the service forces it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_cdk import Acknowledgment, IResolvable, Reference, Stack, Tokenization, Validations
from constructs import Construct, IConstruct


def acknowledge(resource: IConstruct, reason: str, *findings: str) -> None:
    """Accept `findings` (granular ids such as `AwsSolutions-L1`) on `resource`, and only there.

    A test checks that every acknowledgement matches a finding: one that is wrong or no longer needed fails the build.
    """
    Validations.of(resource).acknowledge(*(Acknowledgment(id=finding, reason=reason) for finding in findings))


def acknowledge_wildcards(policy: Construct, stack: Stack, reason: str, resources: Sequence[str]) -> None:
    """Accept on `policy`, which is in `stack`, exactly those of `resources` that end in or contain a wildcard.

    Every one of them is also listed in tests/compliance/wildcards.json, where it is reviewed.
    """
    wildcards = [resource for resource in dict.fromkeys(resources) if "*" in resource]
    if wildcards:
        findings = [f"AwsSolutions-IAM5[Resource::{_as_reported(stack, resource)}]" for resource in wildcards]
        acknowledge(policy, reason, *findings)


def _as_reported(stack: Stack, resource: str) -> str:
    """Return a policy's resource as the rule prints it: references in angle brackets, imports by their export's name."""
    return _MARKER.sub(lambda marker: _reference(marker[0], stack).seen_from(stack), resource)


_MARKER = re.compile(r"\$\{Token\[[^\]]+\]\}")
"""CDK's placeholder for a token inside a string, the same since version 1; the compliance test fails if it ever changes.

Source: https://docs.aws.amazon.com/cdk/v2/guide/tokens.html
"""


@dataclass
class _Reference:
    """What a placeholder stands for."""

    token: IResolvable
    owner: Stack | None
    """The stack whose resource it refers to; none for what every stack has, such as a partition."""
    inside: str
    """As the rule prints it in the owner's template."""

    def seen_from(self, stack: Stack) -> str:
        """Return what the rule prints in the template of `stack`."""
        return self.inside if self.owner in (None, stack) else self._exported

    @cached_property
    def _exported(self) -> str:
        """The export that CDK makes of a reference into another stack when it synthesizes."""
        assert self.owner is not None
        if self.owner.nested_stack_parent is not None:
            return self.inside  # nested stacks hand values on by outputs and parameters; those have no exports
        return _flatten(self.owner.resolve(self.owner.export_value(self.token)))


_references: dict[str, _Reference] = {}
"""By placeholder: each belongs to one token, and the same few are in nearly all policies."""


def _reference(marker: str, stack: Stack) -> _Reference:
    if marker not in _references:
        token = Tokenization.reverse_string(marker).first_token
        assert token is not None
        owner = Stack.of(token.target) if isinstance(token, Reference) else None
        _references[marker] = _Reference(token, owner, _flatten((owner or stack).resolve(marker)))
    return _references[marker]


def _flatten(value: Any) -> str:
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_flatten(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return str(name)
        case _:
            return str(value)
