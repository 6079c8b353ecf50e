"""Whose something is: the tags on all that a notebook starts, and the conditions by which IAM knows them again.

IAM goes by tag and not by name, so that the SageMaker SDK, which chooses names by itself, works unchanged.
"""

from dataclasses import dataclass
from typing import Any

from aws_cdk import Names, Stack
from constructs import Construct

from platform_contract import layout
from platform_contract.tags import ENVIRONMENT_TAG, NOTEBOOK_TAG


def default_prefix(scope: Construct) -> str:
    """Return the first part of names in the stack that `scope` is in: its own name, shortened, stable as long as that is."""
    return Names.unique_resource_name(Stack.of(scope), max_length=20, separator="-").lower()


@dataclass(frozen=True, kw_only=True)
class NotebookOwner:
    """One notebook of one environment."""

    notebook: str
    environment: str
    """Name of the environment, such as `dev`."""
    prefix: str
    """First part of every name, such as `mlp-dev`."""

    @staticmethod
    def of(notebook: Construct) -> "NotebookOwner":
        """Return the owner of a notebook whose names are made of its construct's path."""
        name = Names.unique_resource_name(notebook, max_length=24, separator="-").lower()
        prefix = default_prefix(notebook)
        return NotebookOwner(notebook=name, environment=prefix, prefix=prefix)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of all that belongs to the notebook."""
        return {NOTEBOOK_TAG: self.notebook, ENVIRONMENT_TAG: self.prefix}

    @property
    def folder(self) -> str:
        """Prefix in the artifacts bucket under which the notebook writes."""
        return layout.notebook(self.notebook)

    def creating(self) -> dict[str, Any]:
        """Condition operands that hold when a request brings the notebook's tags."""
        return {f"aws:RequestTag/{key}": value for key, value in self.tags.items()}

    def owning(self) -> dict[str, Any]:
        """Condition operands that hold on what carries the notebook's tags."""
        return {f"aws:ResourceTag/{key}": value for key, value in self.tags.items()}
