"""Acknowledged findings: a rule, the resource it is about, and which limit of the service forces it."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import Acknowledgment, Reference, Stack, Token, Tokenization, Validations
from constructs import Construct, IConstruct


def acknowledge(resource: IConstruct, reason: str, *findings: str) -> None:
    """Accept `findings` (granular ids such as `AwsSolutions-L1`) on `resource`, and only there.

    A test checks that every acknowledgement matches a finding: one that is wrong or no longer needed fails the build.
    """
    Validations.of(resource).acknowledge(*(Acknowledgment(id=finding, reason=reason) for finding in findings))


def acknowledge_wildcards(policy: Construct, reason: str, resources: Sequence[str]) -> None:
    """Accept on `policy` exactly those of `resources` that end in or contain a wildcard.

    Every one of them is also listed in tests/compliance/wildcards.json, where it is reviewed.
    """
    wildcards = [resource for resource in dict.fromkeys(resources) if "*" in resource]
    if wildcards:
        findings = [f"AwsSolutions-IAM5[Resource::{_as_reported(policy, resource)}]" for resource in wildcards]
        acknowledge(policy, reason, *findings)


def _as_reported(scope: Construct, resource: str) -> str:
    """Return a policy's resource as the rule prints it: references in angle brackets, imports by their export's name."""
    return _flatten(Stack.of(scope).resolve(_with_exports(scope, resource)))


def _with_exports(scope: Construct, resource: str) -> str:
    """Replace references into other stacks by the exports that CDK will make of them when it synthesizes."""
    own = Stack.of(scope).node.path
    for token in Tokenization.reverse_string(resource).tokens:
        owner = Stack.of(token.target) if isinstance(token, Reference) else None
        if owner is not None and owner.node.path != own:
            resource = resource.replace(Token.as_string(token), owner.export_value(token))
    return resource


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
