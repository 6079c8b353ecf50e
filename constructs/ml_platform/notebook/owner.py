"""Whose something is: the tags on all that a notebook starts, and the conditions by which IAM knows them again.

IAM goes by tag and not by name, so that the SageMaker SDK, which chooses names by itself, works unchanged.
"""

from dataclasses import dataclass
from typing import Any

NOTEBOOK_TAG = "ml-platform:notebook"
"""Name of the notebook, on its instance and on every job, model, endpoint configuration and endpoint made from it."""
ENVIRONMENT_TAG = "ml-platform:environment"
"""Prefix of the platform, such as `mlp-dev`: two environments of one account may both have a notebook of one name."""
EXPIRES_TAG = "ml-platform:expires"
"""UTC time at which an endpoint made from a notebook is deleted, such as `2026-11-24T18:00:00Z`."""
KEEP_ALIVE_TAG = "ml-platform:keep-alive-until"
"""UTC time until which the backstop leaves a notebook instance running."""


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
        return f"notebooks/{self.notebook}/"

    def creating(self) -> dict[str, Any]:
        """Condition operands that hold when a request brings the notebook's tags."""
        return {f"aws:RequestTag/{key}": value for key, value in self.tags.items()}

    def owning(self) -> dict[str, Any]:
        """Condition operands that hold on what carries the notebook's tags."""
        return {f"aws:ResourceTag/{key}": value for key, value in self.tags.items()}
