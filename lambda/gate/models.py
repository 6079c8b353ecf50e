"""What a pipeline's step asks, as types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platform_contract.gate import GateRule
from platform_contract.parameters import DEPLOYED, NO_VERSION

ALLOWED = (DEPLOYED, NO_VERSION)


@dataclass(frozen=True)
class Deployed:
    """The version that serves, and where its artifact lies."""

    version: str
    artifact: str


@dataclass(frozen=True)
class DeployedRequest:
    """The `deployed` step's question."""

    group: str
    stack: str
    """Empty where the model is not served: then the newest approved version counts."""
    compare_with: str
    fallback: str
    """Artifact to name where there is no version."""
    parameter: str
    """Parameter of the stack that says which version is served."""


@dataclass(frozen=True)
class CheckRequest:
    """The `check-metrics` step's question; its rules come as JSON, because a Lambda step takes no nested arguments."""

    evaluation: str
    """S3 prefix under which evaluate has left its files."""
    deployed_version: str
    rules: tuple[GateRule, ...]


def parse(event: Mapping[str, Any]) -> DeployedRequest | CheckRequest:
    """Return what the step asks.

    Raises
    ------
    ValueError
        If `operation` or `compare_with` is not one that there is.
    KeyError
        If something is missing; only a pipeline of another version of this platform can cause it.
    """
    match event["operation"]:
        case "deployed":
            names = ("group", "stack", "compare_with", "fallback", "parameter")
            request = DeployedRequest(*(event[name] for name in names))
            if request.compare_with not in ALLOWED:
                allowed = ", ".join(ALLOWED)
                raise ValueError(
                    f"CompareWith is {request.compare_with!r}; allowed: {allowed}. Start the pipeline with one of them"
                )
            return request
        case "check":
            rules = tuple(GateRule(**rule) for rule in json.loads(event["rules"]))
            return CheckRequest(event["evaluation"], event["deployed_version"], rules)
        case other:
            raise ValueError(f"operation is {other!r}; allowed: deployed, check")
