"""Verifies the raw data against its checksums, where it has some, and then becomes the model's own prepare.py.

Usage, in the folder of the code: python3 job_scripts/prepare.py RAW_FOLDER ARGUMENTS_OF_PREPARE...
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

SUMS = "_SHA256SUMS"
"""Lines `<sha256>  <file>`, the format of coreutils' sha256sum; a registered dataset has it, and it names every file."""
BLOCK = 1 << 20


def changed(folder: Path) -> Iterator[str]:
    """Yield each file of `folder` that is not as it was registered; nothing where no checksums lie beside the data."""
    if not (folder / SUMS).is_file():
        return
    registered = dict(_registered(folder / SUMS))
    for name in sorted(registered.keys() | set(_present(folder))):
        if name not in registered:
            yield f"{name} (added)"
        elif not (folder / name).is_file():
            yield f"{name} (missing)"
        elif _sha256(folder / name) != registered[name]:
            yield name


def _registered(sums: Path) -> Iterator[tuple[str, str]]:
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition(" ")
        if name:
            # sha256sum marks files that it read as binary with an asterisk.
            yield name[1:], digest.lower()


def _present(folder: Path) -> Iterator[str]:
    """Yield the data files; a name that begins with an underscore is never data."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("_"):
            yield path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def main(arguments: list[str]) -> None:
    """Run prepare.py, or end with the names of the files that changed."""
    differing = list(changed(Path(arguments[0])))
    if differing:
        sys.exit(f"prepare: the dataset changed after it was registered: {', '.join(differing)}")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "prepare.py", *arguments[1:]])  # noqa: S606 - the model's own script


if __name__ == "__main__":
    main(sys.argv[1:])
