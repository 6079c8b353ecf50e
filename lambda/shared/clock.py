"""How much time has passed. On the embedded AWS it passes faster, so that an idle hour can be tried in a minute.

Only ages that are measured run with that clock; moments that people or tags name (a night's stop, an expiry) are those of the
wall. On AWS, where LOCAL_AWS_CLOCK is never set, both are the same.
"""

import os
from datetime import datetime, timedelta

FACTOR = float(os.environ.get("LOCAL_AWS_CLOCK", "1"))
"""Seconds that pass in a real second."""


def elapsed(since: datetime, now: datetime) -> timedelta:
    """Return how long ago `since` was."""
    return (now - since) * FACTOR


def ago(duration: timedelta, now: datetime) -> datetime:
    """Return the moment from which until `now` the time `duration` has passed."""
    return now - duration / FACTOR
