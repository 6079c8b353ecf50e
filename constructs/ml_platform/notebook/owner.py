"""Whose something is: the tags on all that a notebook starts, and the conditions by which IAM knows them again.

IAM goes by tag and not by name, so that the SageMaker SDK, which chooses names by itself, works unchanged.
"""

from dataclasses import dataclass
from typing import Any

from platform_contract import layout
from platform_contract.tags import ENVIRONMENT_TAG, NOTEBOOK_TAG


@dataclass(frozen=True, kw_only=True)
class NotebookOwner:
    """One notebook of one environment."""

    notebook: str
    environment: str
    """Name of the environment, such as `dev`."""
    prefix: str
    """First part of every name, such as `mlp-dev`."""

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
