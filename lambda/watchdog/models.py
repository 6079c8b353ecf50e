"""What the watchdog is told, and what it sees, as types."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from platform_contract.notebooks import NightlyStop, WatchedNotebook

IN_SERVICE = "InService"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the configuration says."""

    environment: str
    """Prefix of the platform: value of the tag that all of its resources carry."""
    every_minutes: int
    heartbeat_minutes: int
    max_keep_alive_hours: int
    currency: str
    prices_per_hour: Mapping[str, float]
    log_retention_days: int
    notebooks: Mapping[str, WatchedNotebook]
    """By the name of their instance."""

    def for_notebook(self, notebook: str, instance: str) -> WatchedNotebook:
        """Return limits for an instance that is not declared: those of the notebook of this name, else the defaults."""
        for watched in self.notebooks.values():
            if watched.notebook == notebook:
                return replace(watched, instance=instance, declared=False)
        return WatchedNotebook(notebook=notebook, instance=instance, declared=False)

    def endpoint_hours(self, notebook: str) -> int:
        """Return how long an endpoint made from `notebook` lives by default."""
        return self.for_notebook(notebook, "").endpoint_hours


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A notebook instance as SageMaker describes it."""

    name: str
    status: str
    instance_type: str
    since: datetime
    """When it came into this status (LastModifiedTime)."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Readings:
    """What CloudWatch knows of an instance."""

    heartbeat: bool | None
    """Whether the idle agent has sent one within the heartbeat minutes. None: CloudWatch did not say."""
    idle_minutes: float | None = None
    """What the agent last measured; 0 while it works. None: nothing recent."""
    cpu_percent: float | None = None
    """Of all cores, on average over the last minutes. None: nothing recent."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint with its tags."""

    name: str
    arn: str
    status: str
    created: datetime
    config: str
    tags: Mapping[str, str]


def load_settings(path: Path) -> Settings:
    """Return the settings that lie beside the function's code."""
    content: dict[str, Any] = json.loads(path.read_text())
    notebooks = {}
    for entry in content.pop("notebooks"):
        nightly = entry.pop("nightly")
        watched = WatchedNotebook(**entry, nightly=NightlyStop(**nightly) if nightly else None)
        notebooks[watched.instance] = watched
    return Settings(**content, notebooks=notebooks)
