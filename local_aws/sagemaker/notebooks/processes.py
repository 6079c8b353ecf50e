"""Every process of a notebook instance: what carries its mark, and what descends from that.

Lifecycle scripts start services with nohup or setsid, which leave the process group; the environment goes along.
"""

import contextlib
import os
import time
from pathlib import Path

import psutil

from local_aws.containers.process import MARKER

INSTANCE_MARKER = "LOCAL_AWS_NOTEBOOK_ROOT"
"""Environment variable that every process of an instance carries: its root folder, which no two instances share."""
GRACE_SECONDS = 10.0
"""Between SIGTERM and SIGKILL."""


def marks(root: Path) -> dict[str, str]:
    """Environment variables by which the processes of an instance are found."""
    return {MARKER: os.environ.get(MARKER, ""), INSTANCE_MARKER: str(root)}


def of(root: Path) -> list[psutil.Process]:
    """Return the living processes of the instance whose root folder is `root`."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid not in found and _carries(process, str(root)):
            with contextlib.suppress(psutil.Error):
                found |= {child.pid: child for child in process.children(recursive=True)}
            found[process.pid] = process
    return [process for process in found.values() if _lives(process)]


def end(root: Path, grace_seconds: float = GRACE_SECONDS) -> None:
    """End every process of the instance, kindly at first, until none is left."""
    for process in of(root):
        with contextlib.suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and of(root):
        time.sleep(0.05)
    while left := of(root):
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1)


def _carries(process: psutil.Process, root: str) -> bool:
    try:
        return bool(process.environ().get(INSTANCE_MARKER) == root)
    except (psutil.Error, OSError):
        return False


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
