"""What the watchdog goes by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import Duration


@dataclass(frozen=True, kw_only=True)
class WatchdogOptions:
    """How often it looks, and what it goes by."""

    every: Duration = Duration.minutes(5)
    heartbeat: Duration = Duration.minutes(15)
    """Silence after which an idle agent counts as dead."""
    max_keep_alive: Duration = Duration.hours(168)
    """Longest time ahead for which a keep-alive tag is honoured."""
    prices_per_hour: Mapping[str, float] = field(default_factory=dict)
    """By notebook instance type. A type without a price: only hours are told."""
    currency: str = "USD"
    service_log_days: int = 90
    """Retention of the log group that SageMaker makes for the lifecycle scripts of all notebook instances."""
