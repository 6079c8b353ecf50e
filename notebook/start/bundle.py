"""The bundle: agent, client and samples, from the copy on the instance's own disk or else from S3.

Only bytes with the digest that the script names are ever run, so that the copy may lie where people can write.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain, repeat
from typing import Any

from idle_agent.identity import Identity

COPY = "SageMaker/.ml-platform/bundle.pyz"
"""Below the home, where `setup` leaves it: on the volume, which outlives a stop."""
LARGEST = 50_000_000
PAUSES = (0, 5, 20)
LONGEST_PAUSE = 60
"""Seconds before the attempts at S3. Until one succeeds there is no agent, so no heartbeat, and the watchdog takes over."""


def obtain(path: str, bundle: dict[str, str], idle: dict[str, Any]) -> None:
    """Write the bundle to `path`, once it is there; the same content is not written again.

    Parameters
    ----------
    path
        Where it is run from; nobody but root writes there.
    bundle
        `uri`, an s3:// address, and `sha256`, its digest in hexadecimal digits.
    idle
        What the agent is told; `home` and `metadata` are read.
    """
    if matches(read(path), bundle):
        return
    content = next(found for found in attempts(bundle["uri"], idle) if matches(found, bundle))
    new = f"{path}.{os.getpid()}"
    with open(new, "wb") as file:
        file.write(content)
    os.replace(new, path)


def attempts(uri: str, idle: dict[str, Any]) -> Iterator[bytes]:
    """Yield what may be the bundle: the copy, then what S3 answers, for ever."""
    yield read(os.path.join(idle["home"], COPY))
    for pause in chain(PAUSES, repeat(LONGEST_PAUSE)):
        time.sleep(pause)
        try:
            yield Identity(idle["metadata"]).fetch(uri)
        except Exception as problem:  # no network yet, no metadata yet, no such object: the next attempt may work
            print(f"{uri}: {problem!r}", flush=True)


def matches(content: bytes, bundle: dict[str, str]) -> bool:
    """Return whether these are the bytes that the script means."""
    return sha256(content).hexdigest() == bundle["sha256"]


def read(path: str) -> bytes:
    """Return what a regular file holds, else nothing; whoever may write there can neither make it wait nor fill the memory."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return file.read(LARGEST) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        return b""
