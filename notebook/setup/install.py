"""Client, samples, extra packages, the warning in JupyterLab, a copy for starts without S3: each may fail alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any, Callable

EXTENSION = "ml-platform-idle"
COPY = "SageMaker/.ml-platform/bundle.pyz"
"""Below the home, as notebook/start/bundle.py looks for it."""


def install(base: Path) -> None:
    """Install from `base`/bundle.pyz what platform.json and idle.json ask for."""
    bundle = base / "bundle.pyz"
    packages = json.loads((base / "platform.json").read_text()).get("packages") or []
    home, client = Path(json.loads((base / "idle.json").read_text())["home"]), base / "client"
    anaconda = home / "anaconda3"
    attempt("client", lambda: unpack(bundle, client))
    attempt("copy", lambda: as_person(home, lambda: keep(bundle, home / COPY)))
    for library in [*anaconda.glob("lib/python3*/site-packages"), *anaconda.glob("envs/*/lib/python3*/site-packages")]:
        attempt(str(library), partial(as_person, home, partial(link, library, client)))
    attempt("samples", lambda: as_person(home, lambda: copy_missing(client / "samples", home / "SageMaker/samples")))
    extension = home / ".local/share/jupyter/labextensions" / EXTENSION
    attempt("warning in JupyterLab", lambda: as_person(home, lambda: add_extension(client / "setup/labextension", extension)))
    attempt("its status", lambda: share_status(base / "status.json", extension / "static"))
    environments = [python for python in anaconda.glob("envs/*/bin/python") if "JupyterSystemEnv" not in str(python)]
    for python in (environments or anaconda.glob("bin/python")) if packages else ():
        attempt(f"packages of {python}", partial(as_person, home, partial(pip, python, packages)))


def attempt(what: str, work: Callable[[], Any]) -> None:
    """Do it and say how it went."""
    try:
        work()
        print(f"{what}: done", flush=True)
    except Exception as problem:
        print(f"{what}: {problem!r}", flush=True)


def as_person(home: Path, work: Callable[[], Any]) -> None:
    """Do it as the person whose `home` this is: whatever they have made of what lies in it, root does nothing there.

    The home's own folder lies in one of root's, so that nobody else can put another in its place.
    """
    sys.stdout.flush()
    child = os.fork()
    if child:
        if os.waitpid(child, 0)[1]:
            raise OSError("failed, see above")
        return
    try:
        about = home.lstat()
        if os.getuid() == 0 and about.st_uid:
            os.initgroups(home.owner(), about.st_gid)
            os.setgid(about.st_gid)
            os.setuid(about.st_uid)
        work()
    except BaseException as problem:
        print(repr(problem), flush=True)
        os._exit(1)
    os._exit(0)


def unpack(bundle: Path, client: Path) -> None:
    """Replace the client with what the bundle has."""
    new = client.with_name("client.new")
    shutil.rmtree(new, ignore_errors=True)
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(new)
    shutil.rmtree(client, ignore_errors=True)
    new.rename(client)


def keep(bundle: Path, copy: Path) -> None:
    """Keep the bundle on the instance's own disk: the next start takes it from there, whether S3 answers or not."""
    copy.parent.mkdir(exist_ok=True)
    new = copy.with_name("bundle.new")
    shutil.copyfile(bundle, new)
    new.rename(copy)


def link(library: Path, client: Path) -> None:
    """Let the environment import the client."""
    (library / "ml-platform.pth").write_text(f"{client}\n")


def copy_missing(samples: Path, target: Path) -> None:
    """Copy the samples that are not there: people change theirs."""
    target.mkdir(parents=True, exist_ok=True)
    for sample in sorted(samples.glob("*.ipynb")):
        if not (target / sample.name).exists():
            shutil.copyfile(sample, target / sample.name)


def add_extension(source: Path, target: Path) -> None:
    """Add the prebuilt extension."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def share_status(status: Path, folder: Path) -> None:
    """Let the extension's folder hold the agent's own file, which the agent writes in place.

    Jupyter serves no symbolic link that leads out of the folder, and root shall not write to where people may put one.
    """
    status.touch()
    handle = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW)
    os.link(status, status.name, dst_dir_fd=handle)
    os.close(handle)


def pip(python: Path, packages: list[str]) -> None:
    """Install the extra packages into one environment."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    subprocess.run(command, check=True, timeout=900)
