"""A version of a dataset as it is written down: the manifest `datasets/<dataset>/raw/_versions/<number>.json` in the data bucket.

A manifest that exists takes its number; it is written twice: as `uploading` before the first object, as `complete` after the
last. The objects lie under `datasets/<dataset>/raw/version=<number>/`, beside their hashes in the format of coreutils' sha256sum.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from mlp.platform.errors import Failed, MlpError
from platform_contract import layout

UPLOADING, COMPLETE = "uploading", "complete"
SUMS = "_SHA256SUMS"
"""File beside the objects that the prepare job checks them against; no data, as no file whose name begins with `_` is."""
MAX_VERSION = 9999
"""Highest number: the table of a dataset projects partitions up to it."""
_REFERENCE = re.compile(r"([a-z][a-z0-9-]*[a-z0-9])(?:@([1-9][0-9]{0,3}))?")


@dataclass(frozen=True)
class StoredObject:
    """One file of a version."""

    file: str
    """Name relative to the version, with `/` between folders."""
    key: str
    version_id: str | None
    """S3's id of exactly these bytes; None until they are uploaded."""
    sha256: str
    bytes: int
    rows: int | None
    """Records below the header of a .csv file; None for others."""


@dataclass(frozen=True)
class DatasetVersion:
    """A numbered state of a dataset, which never changes once it is complete."""

    dataset: str
    version: int
    state: str
    """`uploading` or `complete`; only the latter counts."""
    created: str
    """UTC, such as `2026-11-22T10:00:00Z`."""
    by: str
    """ARN of who put it."""
    note: str
    digest: str
    """SHA-256 of all hashes and names: two versions with the same digest hold the same files."""
    objects: tuple[StoredObject, ...]

    @property
    def name(self) -> str:
        """`spam@3`, the value of the pipeline's parameter Dataset."""
        return f"{self.dataset}@{self.version}"

    @property
    def complete(self) -> bool:
        """Whether all objects are there."""
        return self.state == COMPLETE

    @property
    def size(self) -> int:
        """Size of all objects."""
        return sum(stored.bytes for stored in self.objects)

    @property
    def rows(self) -> int | None:
        """Rows of all .csv files; None where there is none."""
        found = [stored.rows for stored in self.objects if stored.rows is not None]
        return sum(found) if found else None

    @property
    def files(self) -> dict[str, StoredObject]:
        """Objects by file name."""
        return {stored.file: stored for stored in self.objects}

    def to_json(self) -> bytes:
        """Return the manifest's content."""
        return (json.dumps(asdict(self), indent=2) + "\n").encode()


def from_json(content: bytes, key: str) -> DatasetVersion:
    """Return what the manifest at `key` says.

    Raises
    ------
    Failed
        If it is none.
    """
    try:
        found: dict[str, Any] = json.loads(content)
        objects = tuple(StoredObject(**entry) for entry in found.pop("objects"))
        return DatasetVersion(**found, objects=objects)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Failed(
            f"{key} is no manifest of a dataset ({error!r}): somebody has written over it. The bucket keeps earlier versions; "
            "restore the newest one that was right"
        ) from None


def sums(hashes: Iterable[tuple[str, str]]) -> str:
    """Return the content of `_SHA256SUMS` for pairs of hash and file, sorted."""
    return "".join(sorted(f"{sha256}  {file}\n" for sha256, file in hashes))


def sums_of(version: DatasetVersion) -> str:
    """Return the content of a version's `_SHA256SUMS`."""
    return sums((stored.sha256, stored.file) for stored in version.objects)


def digest(text: str) -> str:
    """Return the hash by which two versions are recognized as the same."""
    return hashlib.sha256(text.encode()).hexdigest()


def raw(dataset: str) -> str:
    """Prefix of everything that belongs to a dataset."""
    return layout.raw(dataset)


def folder(dataset: str, number: int) -> str:
    """Prefix of a version's objects."""
    return f"{raw(dataset)}version={number}/"


def manifests(dataset: str) -> str:
    """Prefix of a dataset's manifests."""
    return f"{raw(dataset)}_versions/"


def manifest_key(dataset: str, number: int) -> str:
    """Key of a version's manifest; digits are padded, so that keys sort as numbers."""
    return f"{manifests(dataset)}{number:06d}.json"


def parse_reference(text: str) -> tuple[str, int | None]:
    """Return dataset and version of `spam@3`; the version is None in `spam`.

    Raises
    ------
    MlpError
        If it is neither.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise MlpError(
            f"got {text!r}, which names no dataset; write NAME, such as spam, or NAME@VERSION, such as spam@3 "
            f"(versions are 1 to {MAX_VERSION})"
        )
    return match[1], int(match[2]) if match[2] else None
