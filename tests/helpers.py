"""What tests of constructs share."""

from typing import Any

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

REGION, ACCOUNT = "eu-central-1", "111122223333"


def new_stack(name: str = "Test") -> Stack:
    """Return an empty stack in a known environment."""
    return Stack(App(), name, env={"account": ACCOUNT, "region": REGION})


def template_of(stack: Stack) -> dict[str, Any]:
    """Return the stack's template."""
    found: dict[str, Any] = Template.from_stack(stack).to_json()
    return found


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of all resources of one type."""
    return [entry.get("Properties", {}) for entry in template["Resources"].values() if entry["Type"] == kind]
