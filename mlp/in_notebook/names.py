"""Names and tags of what a notebook starts."""

import re
import secrets
import time

from mlp.in_notebook.platform import NotebookPlatform
from platform_contract.names import MAX_NAME, PlatformNames
from platform_contract.tags import ENVIRONMENT_TAG, EXPIRES_TAG, NOTEBOOK_TAG

RANDOM_LENGTH = 6
TIME = "%Y-%m-%dT%H:%M:%SZ"


def new_name(platform: NotebookPlatform, stem: str) -> str:
    """Return `<prefix>-nb-<notebook>-<stem>-<6 random>`, lower case as SageMaker keeps endpoint names, within its limit."""
    room = MAX_NAME - RANDOM_LENGTH - 1
    head = "-".join(filter(None, [f"{PlatformNames(platform.prefix).notebook_instances}{platform.notebook}", _plain(stem)]))
    return f"{head[:room].rstrip('-')}-{secrets.token_hex(RANDOM_LENGTH // 2)}"


def stem_of(platform: NotebookPlatform, name: str) -> str:
    """Return the part of a job's name that says what it is; the whole of a name that another tool gave."""
    head = f"{PlatformNames(platform.prefix).notebook_instances}{platform.notebook}-"
    return name.removeprefix(head)[: -RANDOM_LENGTH - 1] if name.startswith(head) else name


def tags(platform: NotebookPlatform, expires: str | None = None) -> list[dict[str, str]]:
    """Return the tags by which IAM, the watchdog and the bill know whose something is."""
    found = {NOTEBOOK_TAG: platform.notebook, ENVIRONMENT_TAG: platform.prefix}
    if expires is not None:
        found[EXPIRES_TAG] = expires
    return [{"Key": key, "Value": value} for key, value in found.items()]


def utc(seconds_from_now: float) -> str:
    """Return a UTC time as tags carry it."""
    return time.strftime(TIME, time.gmtime(time.time() + seconds_from_now))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
