"""Whether a version still is what was put, and its files on a local disk."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlp.datasets import manifest
from mlp.datasets.files import BLOCK
from mlp.datasets.manifest import SUMS, DatasetVersion, StoredObject
from mlp.datasets.progress import Advance, Progress, unseen
from mlp.datasets.store import MISSING
from mlp.platform.aws import code_of
from mlp.platform.errors import Failed, MlpError
from mlp.platform.protocol import Platform


def changes(platform: Platform, version: DatasetVersion, progress: Progress = unseen) -> list[str]:
    """Return what is no longer as it was put, one sentence for each object; an empty list is what is expected.

    An object counts as unchanged if its newest version is the one recorded, in that size, with that hash. S3's own SHA-256 is
    asked for; objects that were sent in parts have none of the whole, and are read.
    """
    s3, bucket = platform.client("s3"), platform.data_bucket
    advance = progress("compared", version.size)
    found = []
    for stored in version.objects:
        change = _change(s3, bucket, stored)
        if change:
            found.append(f"{stored.file}: {change}")
        advance(stored.bytes)
    prefix = manifest.folder(version.dataset, version.version)
    text = manifest.sums_of(version)
    if manifest.digest(text) != version.digest:
        found.append("the manifest's hashes are not those that were put")
    if _content(s3, bucket, prefix + SUMS) != text.encode():
        found.append(f"{SUMS}: is not what was put; the prepare job checks against it")
    known = {prefix + SUMS, *(stored.key for stored in version.objects)}
    added = [key for key in _keys(s3, bucket, prefix) if key not in known]
    return found + [f"{key.removeprefix(prefix)}: was added; runs would read it" for key in added]


def _change(s3: Any, bucket: str, stored: StoredObject) -> str | None:
    try:
        head = s3.head_object(Bucket=bucket, Key=stored.key, ChecksumMode="ENABLED")
    except ClientError as error:
        if code_of(error) in MISSING:
            return f"is gone; version id {stored.version_id} was put"
        raise
    if head.get("VersionId") != stored.version_id:
        return (
            f"was written over at {head['LastModified']:%Y-%m-%d %H:%M:%S} UTC (version id {head.get('VersionId')}); "
            f"{stored.version_id} was put"
        )
    if head["ContentLength"] != stored.bytes:
        return f"has {head['ContentLength']} bytes; {stored.bytes} were put"
    checksum = head.get("ChecksumSHA256", "-")
    found = _read_hash(s3, bucket, stored.key) if "-" in checksum else base64.b64decode(checksum).hex()
    return None if found == stored.sha256 else f"has SHA-256 {found}; {stored.sha256} was put"


def _read_hash(s3: Any, bucket: str, key: str) -> str:
    digest, body = hashlib.sha256(), s3.get_object(Bucket=bucket, Key=key)["Body"]
    while block := body.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _content(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) in MISSING:
            return None
        raise
    return content


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def fetched(platform: Platform, version: DatasetVersion, stored: StoredObject) -> bytes:
    """Return the content of one object.

    Raises
    ------
    Failed
        If it is not what was put.
    """
    content = _content(platform.client("s3"), platform.data_bucket, stored.key)
    if content is None or hashlib.sha256(content).hexdigest() != stored.sha256:
        raise _not_what_was_put(version, stored)
    return content


def _not_what_was_put(version: DatasetVersion, stored: StoredObject) -> Failed:
    return Failed(
        f"{stored.file} of {version.name} is not what was put (SHA-256 {stored.sha256}). "
        f"See what changed: mlp data show {version.name} --verify"
    )


def get(platform: Platform, version: DatasetVersion, folder: Path, progress: Progress = unseen) -> list[Path]:
    """Copy a version's files into `folder`, each checked by its hash; return them. What is there already is not fetched again.

    Raises
    ------
    MlpError
        If another file is in the way; it is not written over.
    Failed
        If what arrives is not what was put.
    """
    targets = {stored.file: folder / stored.file for stored in version.objects}
    there = {name for name, path in targets.items() if path.exists()}
    for name in sorted(there):
        if targets[name].is_dir() or _hash(targets[name]) != version.files[name].sha256:
            raise MlpError(f"{targets[name]} exists with another content than in {version.name}; choose an empty folder")
    s3, advance = platform.client("s3"), progress("fetched", version.size)
    for stored in version.objects:
        if stored.file not in there:
            _fetch(s3, platform.data_bucket, version, stored, targets[stored.file], advance)
    return list(targets.values())


def _fetch(s3: Any, bucket: str, version: DatasetVersion, stored: StoredObject, target: Path, advance: Advance) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        s3.download_file(bucket, stored.key, str(part), Callback=advance)
        if _hash(part) != stored.sha256:
            raise _not_what_was_put(version, stored)
        part.replace(target)
    except ClientError as error:
        if code_of(error) in MISSING:
            raise _not_what_was_put(version, stored) from None
        raise
    finally:
        part.unlink(missing_ok=True)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
