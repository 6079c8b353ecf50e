"""Runs one contained command: own process group, own environment, its output line by line."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

GRACE_SECONDS = 5.0
"""Between SIGTERM and SIGKILL."""
HEAR_SECONDS = 1.0
"""What was said last is on its way for so long at most: a process that left the group may hold the pipe open."""
MARKER = "LOCAL_AWS_INSTANCE"
"""Environment variable that every process of one embedded AWS carries, so that none can be left behind."""

LineSink = Callable[[str], None]
_pumps: "WeakKeyDictionary[subprocess.Popen[str], threading.Thread]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    exit_code: int
    stopped: bool = False
    timed_out: bool = False


PATIENCE = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Jobs and model servers share this machine's cores: OpenMP threads that wait must not spin, or training takes ten times as long
beside another job. It changes no result."""


def environment(home: Path, *layers: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a contained command: nothing of this process's but what Python needs."""
    path = f"{Path(sys.executable).parent}{os.pathsep}/usr/local/bin:/usr/bin:/bin"
    base = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    merged = {**base, **PATIENCE, MARKER: os.environ.get(MARKER, "")}
    for layer in layers:
        merged |= layer
    return merged


def rooted(text: str, root: Path) -> str:
    """Return `text` with the container's /opt/ml replaced by `root`."""
    return text.replace("/opt/ml", str(root))


def below(text: str, root: Path, folders: Sequence[str]) -> str:
    """Return `text` with each absolute path in it that begins with one of `folders` led below `root`.

    A path ends where its folder does: `/opt` is meant by `/opt/x` and `/opt`, not by `/optional` or `s3://bucket/opt`.
    """
    names = "|".join(re.escape(folder) for folder in folders)
    return re.sub(rf"(?<![\w/.}}-])({names})(?![\w.-])", lambda match: f"{root}{match[1]}", text)


def start(
    command: Sequence[str], env: Mapping[str, str], folder: Path, sink: LineSink, *, pass_fds: Sequence[int] = ()
) -> "subprocess.Popen[str]":
    """Start `command` in a process group of its own; `sink` gets its output from a thread."""
    process = subprocess.Popen(  # noqa: S603 - running what the job names is what a job is
        list(command),
        env=dict(env),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=pass_fds,
    )
    _pumps[process] = threading.Thread(target=_pump, args=(process, sink), daemon=True)
    _pumps[process].start()
    return process


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    folder: Path,
    sink: LineSink,
    *,
    seconds: float,
    stop: threading.Event,
) -> Outcome:
    """Run `command` to its end, or until `seconds` have passed or `stop` is set."""
    return wait(start(command, env, folder, sink), seconds=seconds, stop=stop)


def wait(process: "subprocess.Popen[str]", *, seconds: float, stop: threading.Event) -> Outcome:
    """Wait for the end of `process`, or end it when `seconds` have passed or `stop` is set."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if stop.wait(0.05):
            return Outcome(end(process), stopped=True)
        if time.monotonic() > deadline:
            return Outcome(end(process), timed_out=True)
    end(process)
    return Outcome(process.returncode)


def end(process: "subprocess.Popen[str]") -> int:
    """End the whole process group, kindly at first, and hear it out; return the leader's exit code."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    _signal(process, signal.SIGKILL)
    code = process.wait()
    if pump := _pumps.get(process):
        pump.join(HEAR_SECONDS)
    return code


def _signal(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _pump(process: "subprocess.Popen[str]", sink: LineSink) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        sink(line.rstrip("\n"))
