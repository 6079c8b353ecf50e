"""Lifecycle scripts: run as AWS runs them, below the instance's root.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/notebook-lifecycle-config.html
"""

import secrets
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from local_aws.containers import process
from local_aws.sagemaker.notebooks.disk import Disk

LIMIT_SECONDS = 300.0
"""How long a script may take, of real time."""
Start = Callable[[list[str]], "subprocess.Popen[str]"]
PATH = "/sbin:/bin:/usr/sbin:/usr/bin"
"""PATH of lifecycle scripts on AWS."""
WRITE_AND_RUN = 'printf %s "$1" > "$0" && chmod 700 "$0" && exec "$0"'


class HookFailed(Exception):
    """A lifecycle script did not end well; the text says how, and continues a sentence."""


@dataclass(frozen=True)
class Hook:
    """A lifecycle script: `name` is OnCreate or OnStart."""

    name: str
    script: str


def run(
    hook: Hook,
    disk: Disk,
    start: Start,
    stop: threading.Event,
    *,
    limit_seconds: float = LIMIT_SECONDS,
) -> None:
    """Run a script to its end, or until `stop` is set. What it left running in the background goes on running.

    `start` starts a command of the instance.

    Raises
    ------
    HookFailed
        If it ends with an exit code other than 0, or takes longer than `limit_seconds`.
    """
    path = f"tmp/{hook.name}_{time.strftime('%Y-%m-%d-%H-%M')}{secrets.token_hex(4)}"
    # The instance writes it: to the machine, a folder that an earlier script has made a link of may mean another place.
    # bash runs it, as on AWS: the script's own first line says what runs it, bash where there is none.
    running = start(["/bin/bash", "-c", WRITE_AND_RUN, disk.seen(path), disk.told(hook.script)])
    if not _ended(running, limit_seconds, stop):
        process.end(running)
        if not stop.is_set():
            raise HookFailed(f"took longer than {limit_seconds / 60:g} minutes.")
    elif running.returncode != 0:
        raise HookFailed(f"failed: its {hook.name} script ended with exit code {running.returncode}.")


def _ended(running: "subprocess.Popen[str]", seconds: float, stop: threading.Event) -> bool:
    deadline = time.monotonic() + seconds
    while running.poll() is None:
        if time.monotonic() > deadline or stop.wait(0.05):
            return False
    return True
