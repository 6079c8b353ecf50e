"""Which notebook instances to stop: pure decisions, each with its reason in words.

Nothing that computes is stopped before its hard limit, and what nobody knows anything about counts as computing until then.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from platform_contract.notebooks import NightlyStop, WatchedNotebook
from platform_contract.tags import KEEP_ALIVE_TAG
from shared.clock import elapsed
from watchdog.models import IN_SERVICE, Instance, Readings, Settings

BUSY_PERCENT = 5.0
"""CPU from which an instance counts as computing."""
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Decision:
    """What to do about an instance."""

    stop: bool
    reason: str
    heartbeat_missing: bool | None = None
    """None where no heartbeat is expected."""
    note: str = ""
    """What a person should mend."""


def decide(watched: WatchedNotebook, instance: Instance, readings: Readings, settings: Settings, now: datetime) -> Decision:
    """Return whether to stop `instance`, and why or why not."""
    if instance.status != IN_SERVICE:
        return Decision(False, f"it is {instance.status}")
    missing = _silent(instance, readings, settings, now)
    kept, note = _kept_until(instance, settings, now)
    if kept is not None:
        return Decision(False, f"its tag keeps it alive until {kept:%Y-%m-%d %H:%M} UTC", missing, note)
    why = (
        _too_long(watched, instance, now)
        or _night(watched, instance, readings, now)
        or (missing and _dead(readings, settings))
        or _left_over(watched, readings)
    )
    if why:
        return Decision(True, why, missing, note)
    return Decision(False, _why_not(readings, missing), missing, note)


def computes(readings: Readings) -> bool | None:
    """Return whether the instance works; None if nothing recent says either."""
    cpu, idle = readings.cpu_percent, readings.idle_minutes if readings.heartbeat else None
    if (cpu is not None and cpu >= BUSY_PERCENT) or idle == 0:
        return True
    return None if cpu is None and idle is None else False


def last_moment(nightly: NightlyStop, now: datetime) -> datetime:
    """Return the latest of the nightly moments that is not after `now`."""
    zone, at = ZoneInfo(nightly.timezone), time.fromisoformat(nightly.at)
    today = now.astimezone(zone).date()
    # In UTC: times of one zone are compared by their clock face, which is wrong in the hours around a change of the clocks.
    moments = (datetime.combine(today - timedelta(days=days), at, zone).astimezone(UTC) for days in (0, 1))
    return next(moment for moment in moments if moment <= now)


def parse_time(text: str) -> datetime | None:
    """Return a UTC time as tags carry it, such as `2026-11-24T18:00:00Z`; None if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _silent(instance: Instance, readings: Readings, settings: Settings, now: datetime) -> bool | None:
    if readings.heartbeat is None:
        return None
    return not readings.heartbeat and elapsed(instance.since, now) >= settings.heartbeat_minutes * MINUTE


def _kept_until(instance: Instance, settings: Settings, now: datetime) -> tuple[datetime | None, str]:
    """Return until when a tag keeps the instance, and what is wrong with the tag."""
    text = instance.tags.get(KEEP_ALIVE_TAG)
    if text is None:
        return None, ""
    until = parse_time(text)
    if until is None:
        return None, f"tag {KEEP_ALIVE_TAG} is {text!r}, no UTC time such as 2026-11-24T18:00:00Z; it is ignored"
    if until > now + settings.max_keep_alive_hours * HOUR:
        limit = f"more than {settings.max_keep_alive_hours} hours ahead"
        return None, f"tag {KEEP_ALIVE_TAG} is {text}, {limit}; it is ignored until it is nearer"
    return (until, "") if until > now else (None, "")


def _too_long(watched: WatchedNotebook, instance: Instance, now: datetime) -> str:
    hours = elapsed(instance.since, now) / HOUR
    limit = watched.max_uptime_hours
    return f"it has run for {hours:.1f} hours, of which max_uptime_hours allows {limit}" if hours >= limit else ""


def _night(watched: WatchedNotebook, instance: Instance, readings: Readings, now: datetime) -> str:
    if watched.nightly is None or computes(readings) is not False:
        return ""
    if last_moment(watched.nightly, now) <= instance.since:
        return ""
    return f"its nightly stop ({watched.nightly.at} {watched.nightly.timezone}) has come, and it computes nothing"


def _dead(readings: Readings, settings: Settings) -> str:
    cpu = readings.cpu_percent
    if cpu is None or cpu >= BUSY_PERCENT:
        return ""
    return f"its idle agent has sent no heartbeat for {settings.heartbeat_minutes} minutes, and its CPU is idle ({cpu:.1f} %)"


def _left_over(watched: WatchedNotebook, readings: Readings) -> str:
    idle = readings.idle_minutes if readings.heartbeat else None
    if watched.declared or idle is None or idle < watched.idle_minutes or computes(readings) is not False:
        return ""
    return f"it is no longer declared, may not stop itself any more, and has been idle for {idle:.0f} minutes"


def _why_not(readings: Readings, missing: bool | None) -> str:
    if not missing:
        return {True: "it computes", False: "its idle agent watches it", None: "nothing is known of its work yet"}[
            computes(readings)
        ]
    if readings.cpu_percent is None:
        return "its idle agent is silent, but nothing is known of its CPU"
    return f"its idle agent is silent, but its CPU is at work ({readings.cpu_percent:.1f} %)"
