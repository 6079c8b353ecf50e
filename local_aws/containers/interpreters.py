"""Finds a Python for an image: the image's own version where the machine has it or can get it, else the nearest."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_aws.containers.installer import uv

ASK = """import json, sys, sysconfig
print(json.dumps([sys.version_info[:3], sys._base_executable, sys.base_prefix, sysconfig.get_path('include')]))"""
OTHERS = ("3.13", "3.14", "3.11")
"""Versions to fall back on, the best one first: newer ones take the pins of an image, older ones do not take all."""
DOWNLOAD_SECONDS = 120


class NoInterpreter(Exception):
    """There is no Python that could run an image; the text says what to install."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that was tried."""

    path: Path
    """The installation's own, where it was found through a virtual environment."""
    version: tuple[int, int, int]
    prefix: Path
    """Folder of the installation, which what is made from it goes on needing."""
    headers: Path

    @property
    def minor(self) -> str:
        """Version without its last part, such as `3.12`."""
        return f"{self.version[0]}.{self.version[1]}"


def interpreter_for(wanted: str) -> Interpreter:
    """Return a Python of version `wanted`, such as `3.12`, or the nearest that there is.

    Raises
    ------
    NoInterpreter
        If there is none at all.
    """
    for version in (wanted, *OTHERS):
        found = next(_installed(version), None)
        if found is None and version == wanted:
            found = _downloaded(version)
        if found is not None:
            return found
    raise NoInterpreter(f"There is no Python {wanted} on this machine, nor {', '.join(OTHERS)}; install one of them")


def _installed(version: str) -> Iterator[Interpreter]:
    """Yield every Python of a version that runs; one that is found in PATH may be a shim that leads nowhere."""
    for path in _candidates(version):
        found = tried(path)
        if found is not None and found.minor == version:
            yield found


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield Path(folder, f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path("~/.pyenv").expanduser()))
    with contextlib.suppress(OSError):  # another user's
        yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    found = _uv("python", "find", "--no-python-downloads", "--system", version)
    if found:
        yield Path(found)


def _downloaded(version: str) -> Interpreter | None:
    """Return the Python that uv brings, where it can fetch one."""
    if _uv("python", "install", "--no-bin", version, seconds=DOWNLOAD_SECONDS) is None:
        return None
    found = _uv("python", "find", "--managed-python", version)
    return tried(Path(found)) if found else None


def tried(path: Path) -> Interpreter | None:
    """Return what the Python at `path` says of itself, None where there is none that runs."""
    try:
        if not path.is_file():
            return None
        done = subprocess.run([path, "-I", "-c", ASK], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
        (major, minor, patch), base, prefix, headers = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Interpreter(Path(base), (major, minor, patch), Path(prefix), Path(headers))


def _uv(*words: str, seconds: float = 20) -> str | None:
    """Return what uv answers, None where it fails or takes too long."""
    try:
        done = uv(*words, seconds=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
