"""Which endpoints that were made from notebooks to delete: pure decisions."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from platform_contract.tags import ENVIRONMENT_TAG, EXPIRES_TAG, NOTEBOOK_TAG
from shared.clock import elapsed
from watchdog.logic import parse_time
from watchdog.models import Endpoint, Settings

LONGEST = timedelta(hours=168)
"""Longest life that a tag may give an endpoint, from its creation on; no setting allows more."""
DELETABLE = ("InService", "OutOfService", "Failed", "UpdateRollbackFailed")
"""SageMaker deletes no endpoint that it is still making or changing."""


def is_ours(tags: Mapping[str, str], settings: Settings) -> bool:
    """Return whether something was made from a notebook of this platform."""
    return NOTEBOOK_TAG in tags and tags.get(ENVIRONMENT_TAG) == settings.environment


def why_delete(endpoint: Endpoint, settings: Settings, now: datetime) -> str:
    """Return why the endpoint has to go; nothing while it may stay, or cannot be deleted yet."""
    if endpoint.status not in DELETABLE:
        return ""
    text = endpoint.tags.get(EXPIRES_TAG)
    expires = parse_time(text) if text is not None else None
    if expires is not None and expires <= endpoint.created + LONGEST:
        return f"it expired at {text}" if now >= expires else ""
    hours = settings.endpoint_hours(endpoint.tags[NOTEBOOK_TAG])
    if elapsed(endpoint.created, now) < timedelta(hours=hours):
        return ""
    return f"it is older than {hours} hours, and {_wrong(text, expires)}"


def _wrong(text: str | None, expires: datetime | None) -> str:
    if text is None:
        return f"has no tag {EXPIRES_TAG}"
    if expires is None:
        return f"its tag {EXPIRES_TAG} is no UTC time: {text!r}"
    return f"its tag {EXPIRES_TAG} is more than {LONGEST / timedelta(hours=1):.0f} hours after its creation: {text}"
