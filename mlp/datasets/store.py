"""The manifests of one dataset in S3: read, claimed and completed, so that no two puts share a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlp.datasets.manifest import DatasetVersion, from_json, manifest_key, manifests
from mlp.platform.aws import code_of
from mlp.platform.errors import Failed
from mlp.platform.protocol import Platform

TAKEN = ("PreconditionFailed", "412")
CONFLICT = ("ConditionalRequestConflict", "409")
"""Another conditional write to the same key was under way; the same request may be sent again.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
MISSING = ("NoSuchKey", "404", "NotFound")
TRIES = 100


@dataclass(frozen=True)
class Claim:
    """An unfinished version, and the entity tag of its manifest."""

    version: DatasetVersion
    etag: str


class DatasetStore:
    """The versions of `dataset`."""

    def __init__(self, platform: Platform, dataset: str) -> None:
        self.dataset, self.bucket = dataset, platform.data_bucket
        self.s3: Any = platform.client("s3")

    def newest_first(self) -> Iterator[Claim]:
        """Yield every version, complete or not, the newest first; manifests are read one by one."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=manifests(self.dataset))
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        for key in sorted((key for key in keys if key.endswith(".json")), reverse=True):
            yield self._read(key)

    def read(self, number: int) -> Claim | None:
        """Return version `number`; None if there is none."""
        try:
            return self._read(manifest_key(self.dataset, number))
        except ClientError as error:
            if code_of(error) in MISSING:
                return None
            raise

    def claim(self, version: DatasetVersion) -> Claim | None:
        """Take the version's number, by a write that succeeds only where no manifest is; None if it is taken."""
        key = manifest_key(self.dataset, version.version)
        etag = write_once(self.s3, Bucket=self.bucket, Key=key, Body=version.to_json(), ContentType="application/json")
        return None if etag is None else Claim(version, etag)

    def complete(self, version: DatasetVersion, etag: str) -> DatasetVersion:
        """Write the finished manifest over the claim with the entity tag `etag`; return what is complete then.

        Two puts of the same content finish the same version; the later one finds it complete.
        """
        key = manifest_key(self.dataset, version.version)
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=version.to_json(), ContentType="application/json", IfMatch=etag)
        except ClientError as error:
            if code_of(error) not in TAKEN + CONFLICT:
                raise
            found = self.read(version.version)
            if found is None or not found.version.complete or found.version.digest != version.digest:
                raise Failed(
                    f"{key} was changed while {version.name} was put; look at it with: mlp data show {version.name}"
                ) from None
            return found.version
        return version

    def _read(self, key: str) -> Claim:
        answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        return Claim(from_json(answer["Body"].read(), f"s3://{self.bucket}/{key}"), answer["ETag"])


def write_once(s3: Any, **request: Any) -> str | None:
    """Put an object where there is none, and return its entity tag; None if there is one."""
    for attempt in range(TRIES):
        try:
            return str(s3.put_object(**request, IfNoneMatch="*")["ETag"])
        except ClientError as error:
            if code_of(error) in TAKEN:
                return None
            if code_of(error) not in CONFLICT or attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")
