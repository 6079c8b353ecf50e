"""S3 in the name of an execution role: what its policies do not allow fails, including the key that encrypts."""

from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

from local_aws.ministack_bridge.identity import Credentials, authorize


class TransferError(Exception):
    """Something could not be read or written; the text says what and why."""


@cache
def _config() -> Config:
    return Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, max_pool_connections=4)


class RoleStorage:
    """S3 under one role's credentials."""

    def __init__(self, credentials: Credentials, endpoint_url: str) -> None:
        self._credentials = credentials
        session = boto3.Session(credentials.access_key, credentials.secret_key, credentials.token, credentials.caller.region)
        self._s3: Any = session.client("s3", endpoint_url=endpoint_url, config=_config())

    def download(self, uri: str, target: Path, shard: tuple[int, int] = (0, 1)) -> int:
        """Copy every object whose key begins with `uri`'s into `target`, as SageMaker's S3Prefix does; return their number.

        `shard` (index, count) keeps every count-th object only, as ShardedByS3Key gives them to the instances of a job.
        """
        bucket, prefix = split_uri(uri)
        index, shards = shard
        count = 0
        try:
            keys = self._keys(bucket, prefix)
            for key in keys[index::shards]:
                base = prefix if prefix.endswith("/") else prefix.rpartition("/")[0] + "/"
                relative = key.removeprefix(prefix).lstrip("/") if key.startswith(f"{prefix}/") else key.removeprefix(base)
                file = target / relative
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self._read(bucket, key))
                count += 1
        except ClientError as error:
            raise TransferError(f"ClientError: Data download failed: {_text(error)} for {uri}") from None
        if not keys:
            raise TransferError(f"ClientError: No S3 objects found under prefix {uri}")
        return count

    def read(self, uri: str) -> bytes:
        """Return one object."""
        try:
            return self._read(*split_uri(uri))
        except ClientError as error:
            raise TransferError(f"ClientError: {_text(error)} for {uri}") from None

    def upload(self, file: Path, uri: str, key_arn: str | None = None) -> None:
        """Write one object, encrypted with `key_arn` where one is given."""
        self.write(file.read_bytes(), uri, key_arn)

    def write(self, content: bytes, uri: str, key_arn: str | None = None) -> None:
        """Write one object, encrypted with `key_arn` where one is given."""
        bucket, key = split_uri(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn} if key_arn else {}
        if key_arn:
            authorize(self._credentials.caller, "kms:GenerateDataKey", key_arn)
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=content, **encryption)
        except ClientError as error:
            raise TransferError(f"ClientError: Failed to upload to {uri}: {_text(error)}") from None

    def upload_folder(self, folder: Path, uri: str, key_arn: str | None = None) -> None:
        """Write every file of `folder` under the prefix `uri`."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.upload(file, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}", key_arn)

    def _read(self, bucket: str, key: str) -> bytes:
        answer = self._s3.get_object(Bucket=bucket, Key=key)
        if answer.get("SSEKMSKeyId"):
            authorize(self._credentials.caller, "kms:Decrypt", answer["SSEKMSKeyId"])
        content: bytes = answer["Body"].read()
        return content

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for answer in pages for entry in answer.get("Contents", [])]
        return [key for key in keys if not key.endswith("/")]


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _text(error: ClientError) -> str:
    details = error.response.get("Error", {})
    return f"{details.get('Code', '')}: {details.get('Message', '')}"
