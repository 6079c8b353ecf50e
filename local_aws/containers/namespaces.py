"""Whether this machine lets us give containers a view of their own, and the command that runs something in one."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from local_aws.containers import process
from local_aws.containers.inner_network import InnerNetwork
from local_aws.containers.process import LineSink

PROJECT = Path(__file__).parents[2]
SWITCH = "LOCAL_AWS_NAMESPACES"
"""Environment variable; `off` makes containers work without namespaces, as on a machine that allows none."""
PROBE_SECONDS = 30.0
ALLOW = (
    "on Debian and Ubuntu, as root: sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0; "
    "in a container of your own: run it with --security-opt seccomp=unconfined"
)


@dataclass(frozen=True)
class View:
    """What a container sees of the machine."""

    root: Path
    """Empty folder, under which its root folder is put together in memory."""
    mounts: Sequence[tuple[str, str, bool]]
    """Path on the machine, path in the container, whether it may write there."""
    environment: Mapping[str, str]
    kept: bool = False
    """Whether `root` itself becomes its root folder, so that what it writes anywhere lies there afterwards."""
    folder: str = "/"
    """Where the command begins."""
    isolated: bool = False
    """Whether it has a network of its own, with nothing in it but itself and what shares `network`."""
    network: int | None = None
    """File descriptor of the process (pidfd_open) whose network it shares."""
    addresses: Sequence[str] = ()
    """More addresses of its own network, beside 127.0.0.1."""
    broker: int | None = None
    """File descriptor of a Unix socket over which sockets of its own network are handed out (`InnerNetwork`)."""
    hostname: str = "container"
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Address by name, for /etc/hosts."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text by path of files that are there from the start."""
    folders: Sequence[str] = ()
    """Folders that are there from the start."""
    users: str = ""
    """More lines of /etc/passwd."""
    groups: str = ""
    """More lines of /etc/group."""
    programs: Mapping[str, str] = field(default_factory=dict)
    """Text by name of scripts that stand in for the machine's programs of that name."""
    command: Sequence[str] = ()
    """What runs; nothing: an init process alone, which others join."""

    def handed_over(self) -> int:
        """Return a file descriptor with all of this, for a launcher: credentials stand in no command line."""
        number = os.memfd_create("view", 0)
        os.write(number, json.dumps(asdict(self), default=str).encode())
        return number


def interpreter(prefix: Path) -> list[tuple[str, str, bool]]:
    """Return the mounts that a Python needs: an installation outside of /usr, and libraries that the loader is told of."""
    needed = [prefix, *map(Path, filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)))]
    return [(str(folder), str(folder), False) for folder in needed if folder.is_dir() and folder.parts[1:2] != ("usr",)]


def launcher(word: str, *arguments: int) -> list[str]:
    """Return the command of a launcher: without this environment's packages, which take their time to be found."""
    found = f"import sys; sys.path.insert(0, {str(PROJECT)!a})"
    code = f"{found}; from local_aws.containers.launcher.main import main; main(sys.argv[1:])"
    return [sys.executable, "-I", "-S", "-c", code, word, *map(str, arguments)]


def launch(view: View, marks: Mapping[str, str], sink: LineSink, beside: int | None = None) -> "subprocess.Popen[str]":
    """Start the view's command in a container of its own, or `beside` another one's init (what pidfd_open gave).

    `marks` are the launcher's environment, by which what it started is found again.
    """
    number = view.handed_over()
    command = launcher("run", number) if beside is None else launcher("join", beside, number)
    handles = [handle for handle in (number, view.network, view.broker, beside) if handle is not None]
    try:
        return process.start(command, marks, Path("/"), sink, pass_fds=handles)
    finally:
        os.close(number)


@cache
def missing() -> str | None:
    """Return why containers cannot have a view of their own here, and what to do about it; None where they can."""
    if os.environ.get(SWITCH) == "off":
        return f"namespaces are switched off: {SWITCH}=off"
    if not hasattr(os, "memfd_create") or sys.platform != "linux":
        return f"this is {sys.platform}, and namespaces are Linux's"
    said: list[str] = []
    with tempfile.TemporaryDirectory(prefix="namespaces-") as folder:
        try:
            works = _works(Path(folder), said.append)
        except OSError as error:
            said.append(str(error))
            works = False
    return None if works else f"{(said or ['no reason given'])[-1]} ({ALLOW})"


def _works(folder: Path, sink: LineSink) -> bool:
    """Return whether a notebook instance's view can be had, with a socket and a program in it: what jobs need, and more."""
    network, marks = InnerNetwork(), {process.MARKER: os.environ.get(process.MARKER, "")}
    view = View(root=folder, mounts=[], environment={"PATH": "/usr/bin:/bin"}, kept=True, isolated=True, broker=network.handle)
    init = launch(view, marks, sink)
    try:
        if not network.wait(PROBE_SECONDS):
            return False
        network.listen("127.0.0.1", 80).close()
        beside = launch(replace(view, broker=None, command=["true"]), marks, sink, network.init)
        return process.wait(beside, seconds=PROBE_SECONDS, stop=threading.Event()).exit_code == 0
    finally:
        process.end(init)
        network.close()
