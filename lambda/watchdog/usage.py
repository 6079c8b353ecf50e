"""Hours and money: how long an instance has run, what that cost, what its sleep saves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import elapsed
from watchdog.models import IN_SERVICE, Instance, Settings

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Usage:
    """Hours on and off since the last run, and the money that the hours off have saved."""

    on: float
    off: float
    saved: float | None
    """None where the type has no price."""


def since_last_run(instance: Instance, settings: Settings, now: datetime) -> Usage:
    """Return what the last interval was: in its status since it changed, the other way round before."""
    interval = settings.every_minutes / 60
    in_status = min(interval, elapsed(instance.since, now) / HOUR)
    on = in_status if instance.status == IN_SERVICE else interval - in_status
    price = settings.prices_per_hour.get(instance.instance_type)
    off = interval - on
    return Usage(on, off, None if price is None else off * price)


def bill(instance: Instance, settings: Settings, now: datetime) -> dict[str, float | str]:
    """Return the hours that a running instance has run, and where its type has a price what they cost and an hour saves."""
    hours = elapsed(instance.since, now) / HOUR
    found: dict[str, float | str] = {"hours": round(hours, 2)}
    price = settings.prices_per_hour.get(instance.instance_type)
    if price is not None:
        found |= {"cost": round(hours * price, 2), "saves_per_hour": price, "currency": settings.currency}
    return found
