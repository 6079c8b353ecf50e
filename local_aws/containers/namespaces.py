"""Whether this machine lets us give containers a view of their own, and the command that runs something in one."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

ENTER = Path(__file__).with_name("enter.py")
SWITCH = "LOCAL_AWS_NAMESPACES"
"""Environment variable; `off` makes containers work without namespaces, as on a machine that allows none."""
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
    """Process whose network it shares."""
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


def launcher(word: str, *arguments: str) -> list[str]:
    """Return the command of a launcher."""
    return [sys.executable, "-I", "-S", str(ENTER), word, *arguments]


@cache
def missing() -> str | None:
    """Return why containers cannot have a view of their own here, and what to do about it; None where they can."""
    if os.environ.get(SWITCH) == "off":
        return f"namespaces are switched off: {SWITCH}=off"
    if not hasattr(os, "memfd_create") or sys.platform != "linux":
        return f"this is {sys.platform}, and namespaces are Linux's"
    with tempfile.TemporaryDirectory(prefix="namespaces-") as folder:
        view = View(root=Path(folder), mounts=[], environment={"PATH": "/usr/bin:/bin"}, isolated=True, command=["true"])
        number = view.handed_over()
        try:
            done = subprocess.run(  # noqa: S603
                launcher("run", str(number)), pass_fds=[number], capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{error} ({ALLOW})"
        finally:
            os.close(number)
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines() or ["no reason given"]
    return f"{said[-1]} ({ALLOW})"
