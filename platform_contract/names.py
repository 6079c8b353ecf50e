"""Names of the few resources that must be known by name: deterministic, lower case, within SageMaker's limit.

Models and endpoint configurations are deliberately not among them: they are immutable, so CloudFormation replaces them, and
a replacement cannot take the name of what it replaces.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

SharedName = Literal["watchdog", "gate", "predictions", "promote"]
MAX_NAME = 63
"""Longest name of an endpoint, a model package group and a pipeline's readable part."""


@dataclass(frozen=True)
class PlatformNames:
    """Names derived from a platform's prefix, such as `mlp-prod`."""

    prefix: str

    def model(self, model: str) -> str:
        """Name of a model's endpoint, pipeline and model package group: `<prefix>-<model>`."""
        return limited(f"{self.prefix}-{model}")

    def release_role(self, model: str) -> str:
        """Name of the role under which CloudFormation releases a model (IAM: at most 64 characters)."""
        return limited(f"{self.prefix}-{model}-release")

    @property
    def notebook_logs(self) -> str:
        """Log group of the notebooks' idle agents."""
        return f"/{self.prefix}/notebooks"

    @property
    def notebook_instances(self) -> str:
        """What the names of all notebook instances begin with; `<notebook>-<4 hex>` follows."""
        return f"{self.prefix}-nb-"

    def shared(self, name: SharedName) -> str:
        """Name of what all models share: functions (and their log groups' last part), the HTTP API."""
        return f"{self.prefix}-{name}"

    def stack(self, concern: str, model: str | None = None) -> str:
        """Name of a stack: `<prefix>-<Concern>[-<model>]`."""
        return "-".join(part for part in (self.prefix, concern, model) if part)


def predict_function(endpoint: str) -> str:
    """Name of the function that answers for an endpoint, as its log group has it."""
    return f"{endpoint}-predict"


def function_logs(function: str) -> str:
    """Log group of a function."""
    return f"/aws/lambda/{function}"


def limited(name: str) -> str:
    """Return `name`, or its beginning and a stable hash of the whole where it is longer than MAX_NAME."""
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9]}-{digest}"
