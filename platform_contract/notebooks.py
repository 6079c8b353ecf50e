"""What the watchdog is told of a notebook instance."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NightlyStop:
    """A moment of each night."""

    at: str
    """`HH:MM`, local time."""
    timezone: str
    """IANA name."""


@dataclass(frozen=True, kw_only=True)
class WatchedNotebook:
    """A notebook instance and its limits. Defaults are for instances that are no longer declared, but kept with their disks."""

    notebook: str
    instance: str
    idle_minutes: int = 60
    max_uptime_hours: int = 72
    endpoint_hours: int = 8
    nightly: NightlyStop | None = None
    declared: bool = True
    """Whether the stack still has it."""
