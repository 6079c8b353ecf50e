"""The local files of a version: which there are, whether AWS can take them, and their hashes."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlp.datasets.progress import Advance
from mlp.datasets.rows import rows
from mlp.platform.errors import MlpError

PART_BYTES = 64 << 20
"""Size of a part; a file that is not larger goes in one request. S3 takes 5 MiB to 5 GiB."""
MAX_PARTS = 10_000
MAX_NAME = 900
"""Longest name; S3 takes keys of 1,024 bytes."""
BLOCK = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+ -]*")


@dataclass(frozen=True)
class LocalFile:
    """A file, and what a version remembers of it."""

    name: str
    path: Path
    bytes: int
    sha256: str
    rows: int | None
    part_bytes: int
    parts: tuple[str, ...]
    """SHA-256 of each part, as S3 writes it: base64."""

    @property
    def checksum(self) -> str:
        """What S3 answers as ChecksumSHA256 of the object: of the content, or of all parts' and their number.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
        """
        if len(self.parts) == 1:
            return self.parts[0]
        joined = b"".join(base64.b64decode(part) for part in self.parts)
        return f"{base64.b64encode(hashlib.sha256(joined).digest()).decode()}-{len(self.parts)}"


def collect(places: Sequence[Path]) -> dict[str, Path]:
    """Return files by the names that they get in the version: a file's own, or relative to the folder given.

    Raises
    ------
    MlpError
        If there is none, or one cannot become an object of a dataset.
    """
    found: dict[str, Path] = {}
    folded: dict[str, Path] = {}
    for name, path in (entry for place in places for entry in _files(place)):
        _check_name(name, path)
        # Windows and macOS would write one over the other.
        other = folded.setdefault(name.casefold(), path)
        if other != path:
            raise MlpError(f"{other} and {path} would both be called {name}; rename one, or put their common folder")
        found[name] = path
    if not found:
        raise MlpError(f"There are no files in {', '.join(map(str, places)) or 'nothing'}; give files, or folders that hold some")
    return dict(sorted(found.items()))


def _files(place: Path) -> Iterator[tuple[str, Path]]:
    if place.is_file():
        yield place.name, place
        return
    if not place.is_dir():
        raise MlpError(f"There is no file or folder {place}" if not place.exists() else f"{place} is neither a file nor a folder")
    root = place.resolve()
    for folder, folders, names in os.walk(place, onerror=_unreadable):
        here = Path(folder)
        linked = [here / name for name in folders if (here / name).is_symlink()]
        if linked:
            raise MlpError(f"{linked[0]} is a link to a folder, which is not followed; give that folder itself")
        for name in names:
            path = here / name
            _check_kind(path, root)
            yield path.relative_to(place).as_posix(), path


def _unreadable(error: OSError) -> None:
    raise MlpError(f"{error.filename} cannot be read: {error.strerror}")


def _check_kind(path: Path, root: Path) -> None:
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        raise MlpError(
            f"{path} is a link to {path.resolve()}, which lies outside of {root}; copy the file there, or leave it out"
        )
    if not path.is_file():
        raise MlpError(f"{path} is no regular file; leave it out")


def _check_name(name: str, path: Path) -> None:
    wrong = next((part for part in name.split("/") if not _NAME.fullmatch(part) or part.endswith((" ", "."))), None)
    if wrong is not None:
        hint = (
            "names that begin with _ or . are not data to SageMaker and Athena"
            if wrong.startswith(("_", "."))
            else ("names are letters, digits, spaces and . _ + -, so that S3, SageMaker and Athena all take them")
        )
        raise MlpError(f"{path}: got the name {wrong!r}; {hint}. Rename it, or leave it out")
    if len(name) > MAX_NAME:
        raise MlpError(f"{path}: the name has {len(name)} characters, at most {MAX_NAME} are taken; shorten it")


def hashed(files: dict[str, Path], advance: Advance) -> list[LocalFile]:
    """Read every file; CSV files twice, the second time for their rows.

    Raises
    ------
    MlpError
        If one is empty, cannot be read, or changes meanwhile.
    """
    return [_hashed(name, path, advance) for name, path in files.items()]


class _Hashes:
    """Hash of a file, and of the parts in which it is sent."""

    def __init__(self, size: int) -> None:
        self.part_bytes = max(PART_BYTES, -(-size // MAX_PARTS))
        self.whole, self.size = hashlib.sha256(), 0
        self._in_parts = size > self.part_bytes
        self._parts = [hashlib.sha256()]
        self._left = self.part_bytes

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the file."""
        self.whole.update(block)
        self.size += len(block)
        rest = memoryview(block) if self._in_parts else memoryview(b"")
        while rest:
            if not self._left:
                self._parts.append(hashlib.sha256())
                self._left = self.part_bytes
            taken, rest = rest[: self._left], rest[self._left :]
            self._parts[-1].update(taken)
            self._left -= len(taken)

    @property
    def parts(self) -> tuple[str, ...]:
        """Of each part, in base64; of a file that is sent in one request, its own."""
        return tuple(base64.b64encode(part.digest()).decode() for part in (self._parts if self._in_parts else [self.whole]))


def _hashed(name: str, path: Path, advance: Advance) -> LocalFile:
    try:
        before = path.stat()
        if before.st_size == 0:
            raise MlpError(f"{path} is empty; leave it out")
        hashes = _Hashes(before.st_size)
        with path.open("rb") as content:
            while block := content.read(BLOCK):
                hashes.feed(block)
                advance(len(block))
        records = rows(path) if path.suffix.lower() == ".csv" else None
        after = path.stat()
    except OSError as error:
        raise MlpError(f"{path} cannot be read: {error.strerror}") from None
    if (hashes.size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise MlpError(f"{path} was changed while it was read; put it when nothing writes to it any more")
    return LocalFile(name, path, hashes.size, hashes.whole.hexdigest(), records, hashes.part_bytes, hashes.parts)
