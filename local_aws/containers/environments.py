"""A Python environment for each image, with the packages of AWS's lock; made when first needed, and kept.

It lies in .local/images of the project, or in the folder that LOCAL_AWS_IMAGES names. Sources that carry a small extension in C
(it changes host names under MPI, and nothing else) are installed without it where the machine has no compiler.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from local_aws.containers.installer import uv
from local_aws.containers.interpreters import Interpreter, NoInterpreter, interpreter_for
from platform_contract.images import Image
from platform_contract.project import ROOT

TOOLKIT = Path(__file__).parent / "toolkit"
"""What stands in for AWS's own package of the image, and for nginx."""
BUILDERS = TOOLKIT / "builders.txt"
NO_COMPILER = TOOLKIT / "no_compiler"
FACTS = "environment.json"
LAST_LINES = 6

Teller = Callable[[str], None]


class NotInstallable(Exception):
    """The environment of an image could not be made; the text says why."""


@dataclass(frozen=True)
class Environment:
    """An image's packages on this machine."""

    image: Image
    folder: Path

    @cached_property
    def _facts(self) -> Mapping[str, Any]:
        facts: dict[str, Any] = json.loads((self.folder / FACTS).read_text(encoding="utf-8"))
        return facts

    @property
    def base(self) -> Path:
        """The Python that it was made from."""
        return Path(str(self._facts["base"]))

    @property
    def prefix(self) -> Path:
        """Folder of the installation of that Python."""
        return Path(str(self._facts["prefix"]))

    @property
    def minor(self) -> str:
        """Version of Python, such as `3.12`."""
        return str(self._facts["python"])

    @property
    def site_packages(self) -> Path:
        """Folder of the packages, relative to the environment's own."""
        return Path("lib", f"python{self.minor}", "site-packages")

    @property
    def differences(self) -> list[str]:
        """What is not as in AWS's image, such as `numpy 2.4.6 instead of 2.5.1`; nothing where all is."""
        return list(map(str, self._facts["differences"]))


def folder_of_all() -> Path:
    """Return the folder of all environments."""
    return Path(os.environ.get("LOCAL_AWS_IMAGES") or ROOT / ".local/images").resolve()


def existing(image: Image) -> Environment | None:
    """Return an image's environment where it has been made, and the Python that it needs is still there."""
    environment = Environment(image, folder_of_all() / _name(image))
    if not (environment.folder / FACTS).is_file() or not environment.base.exists():
        return None
    return environment


def prepare(image: Image, tell: Teller = lambda _: None) -> Environment:
    """Return an image's environment, which is made first where there is none; `tell` hears what is done then.

    Raises
    ------
    NotInstallable
        If there is no Python for it, or a package cannot be had.
    """
    found = existing(image)
    if found is not None:
        return found
    with _alone(folder_of_all(), image):
        return existing(image) or _made(image, tell)


@contextmanager
def _alone(folder: Path, image: Image) -> Iterator[None]:
    """Keep other processes from making the same environment meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f".{image.name}.lock").open("w")
    except OSError as error:
        raise NotInstallable(
            f"The packages of image {image.name} cannot be kept in {folder}: {error.strerror}; "
            "name a folder that can be written: LOCAL_AWS_IMAGES"
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _name(image: Image) -> str:
    content = "\n".join([image.python, *image.pins, *map(repr, image.patches), BUILDERS.read_text(encoding="utf-8")])
    return f"{image.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _made(image: Image, tell: Teller) -> Environment:
    try:
        base = interpreter_for(image.python)
    except NoInterpreter as problem:
        raise NotInstallable(str(problem)) from None
    folder = folder_of_all() / _name(image)
    partial = folder.with_name(f".{folder.name}.part")
    for leftover in (partial, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    tell(f"Python {base.minor} with the {len(image.pins)} packages of image {image.name}")
    _uv(image, base, "venv", "--relocatable", "--python", str(base.path), str(partial))
    exact = _install(base, partial, image.pins)
    if exact is not None:
        # An older Python does not take them all: the newest ones that it takes, none newer than AWS's.
        nearest = _install(base, partial, [pin.replace("==", "<=") for pin in image.pins])
        if nearest is not None:
            raise NotInstallable(f"The packages of image {image.name} could not be installed with Python {base.minor}: {nearest}")
    site_packages = partial / "lib" / f"python{base.minor}" / "site-packages"
    for patch in image.patches:
        file = site_packages / patch.file
        before = file.read_text(encoding="utf-8")
        if patch.replace not in before:
            raise NotInstallable(
                f"Image {image.name}: {patch.file} has no {patch.replace!r} to patch; its description is out of date"
            )
        # A new file: the old one may be the very file of uv's cache, which every other environment gets too.
        file.unlink()
        file.write_text(before.replace(patch.replace, patch.by), encoding="utf-8")
    facts = {
        "base": str(base.path),
        "prefix": str(base.prefix),
        "python": base.minor,
        "differences": list(_differences(image, base, partial)),
    }
    (partial / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    partial.rename(folder)
    return Environment(image, folder)


def _install(base: Interpreter, folder: Path, requirements: Iterable[str]) -> str | None:
    """Install into `folder`; return the last words of what went wrong, None where all went well."""
    listed = folder / "requirements.txt"
    listed.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    words = ["--python", str(folder / "bin/python"), "--no-deps", "--build-constraints", str(BUILDERS), "-r", str(listed)]
    return _uv_problem(base, "pip", "install", "--compile-bytecode", *words)


def _uv(image: Image, base: Interpreter, *words: str) -> None:
    problem = _uv_problem(base, *words)
    if problem is not None:
        raise NotInstallable(f"The environment of image {image.name} could not be made: {problem}")


def _uv_problem(base: Interpreter, *words: str) -> str | None:
    without = {} if can_compile(base) else {"CC": str(NO_COMPILER), "CXX": str(NO_COMPILER), "LDSHARED": str(NO_COMPILER)}
    done = uv(*words, "--quiet", "--no-config", variables=without)
    return None if done.returncode == 0 else " ".join(done.stderr.strip().splitlines()[-LAST_LINES:])


def can_compile(base: Interpreter) -> bool:
    """Return whether this machine can compile an extension for a Python."""
    compiler = os.environ.get("CC", "cc").split()[0]
    return shutil.which(compiler) is not None and (base.headers / "Python.h").is_file()


def _differences(image: Image, base: Interpreter, folder: Path) -> Iterator[str]:
    if base.minor != image.python:
        yield f"Python {base.minor} instead of {image.python}"
    listed = uv("pip", "freeze", "--quiet", "--python", str(folder / "bin/python"))
    if listed.returncode:
        raise NotInstallable(f"The packages of image {image.name} could not be listed: {listed.stderr.strip()}")
    installed = dict(line.split("==") for line in listed.stdout.split() if "==" in line)
    for package, version in image.versions.items():
        if installed.get(package) != version:
            yield f"{package} {installed.get(package, 'missing')} instead of {version}"
    if not can_compile(base):
        yield "sagemaker-training and sagemaker-containers without their extension in C, which MPI jobs need"
