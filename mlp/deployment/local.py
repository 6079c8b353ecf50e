"""Starts and stops the embedded AWS."""

import os
import socket
import subprocess
import sys
import urllib.request
import uuid
from functools import partial
from pathlib import Path

import psutil

from mlp.deployment.caches import cache_variables
from mlp.platform.environment import MARKER, Embedded, carries, embedded_for, forget_embedded, remembered_embedded
from mlp.platform.errors import Failed, MlpError
from mlp.platform.loopback import never_through_a_proxy
from mlp.platform.paths import ROOT, state_dir
from mlp.platform.waiting import polled

DEFAULT_PORT = 4566
START_SECONDS = 60
STOP_SECONDS = 20
KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYENV_ROOT",
    "LOCAL_AWS_IMAGES",
    "LOCAL_AWS_NAMESPACES",
    "UV_CACHE_DIR",
)
"""Variables of the caller's that reach the embedded AWS: what Python, and the environments of images, need."""


def start(environment: str, port: int, account: str, region: str, clock: float | None = None) -> Embedded:
    """Start the embedded AWS for `environment`, or return the one that runs.

    `clock` says how many times as fast as real time prescribed waits pass; default: LOCAL_AWS_CLOCK, else 1.

    Raises
    ------
    MlpError
        If it runs for another environment, or the port is taken.
    """
    never_through_a_proxy()
    running = embedded_for()
    if running is not None:
        if running.environment != environment:
            raise MlpError(f"The embedded AWS runs for environment {running.environment}; stop it first with: make down")
        if running.port != port:
            raise MlpError(f"The embedded AWS runs on port {running.port}; use that one, or stop it first with: make down")
        return running
    stop()
    _require_free(port)
    instance = uuid.uuid4().hex
    factor = clock or clock_of_caller(1)
    process = _spawn(port, account, region, instance, factor)
    embedded = Embedded(environment, port, process.pid, instance, factor)
    embedded.save()
    _wait_until_ready(embedded, process)
    return embedded


def log_file() -> Path:
    """Return where the embedded AWS writes its own log."""
    return state_dir() / "local_aws.log"


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise MlpError(
                f"Port {port} of 127.0.0.1 is taken. Stop what listens there, or choose another: make up PORT=4600"
            ) from None


def clock_of_caller(default: float) -> float:
    """Return what the environment variable LOCAL_AWS_CLOCK says.

    Raises
    ------
    MlpError
        If that is no number from 1 to 1000.
    """
    text = os.environ.get("LOCAL_AWS_CLOCK", str(default))
    try:
        factor = float(text)
    except ValueError:
        factor = 0
    if not 1 <= factor <= 1000:
        raise MlpError(f"LOCAL_AWS_CLOCK must be a number from 1 (real time) to 1000, got {text!r}; unset it for real time")
    return factor


def _spawn(port: int, account: str, region: str, instance: str, clock: float) -> "subprocess.Popen[bytes]":
    # Only what Python needs: credentials and endpoints of the caller's shell must not reach the functions that run there.
    kept = {key: os.environ[key] for key in KEPT if key in os.environ} | cache_variables()
    environment = {**kept, MARKER: instance, "LOCAL_AWS_CLOCK": str(clock), "PYTHONDONTWRITEBYTECODE": "1"}
    # The folder is named relative to where the caller stands; the server stands elsewhere.
    state = str(state_dir().resolve())
    place = ["--port", str(port), "--account", account, "--region", region, "--state", state]
    command = [sys.executable, "-m", "local_aws", *place]
    with log_file().open("wb") as log:
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _answers(embedded: Embedded) -> bool:
    try:
        with urllib.request.urlopen(f"{embedded.url}/_ministack/health", timeout=1):  # noqa: S310
            return True
    except OSError:
        return False


def _wait_until_ready(embedded: Embedded, process: "subprocess.Popen[bytes]") -> None:
    for ready in polled(partial(_answers, embedded), every=0.1, within=START_SECONDS):
        if ready:
            return
        if process.poll() is not None:
            break
    stop(embedded)
    raise Failed(f"The embedded AWS did not start. Its log, {log_file()}, ends with:\n{_tail(log_file())}")


def stop(embedded: Embedded | None = None) -> bool:
    """Stop the embedded AWS and everything that it started; return whether there was anything to stop.

    The volumes of notebook instances stay in the state folder: instances of the same names find their files there again.
    """
    # One that has died without being stopped counts as well: what it started may still run.
    target = embedded or remembered_embedded()
    if target is None:
        return False
    try:
        server = psutil.Process(target.pid)
        if carries(server, target.instance):
            server.terminate()
            server.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        server.kill()
    _end_leftovers(target.instance)
    forget_embedded()
    return True


def _end_leftovers(instance: str) -> None:
    """Kill every process that carries the instance's marker: jobs, model servers, functions."""
    found = [process for process in psutil.process_iter() if carries(process, instance)]
    for process in found:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(found, timeout=5)


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
