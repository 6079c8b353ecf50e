"""One file becomes one object that nobody can have replaced: written only where there is none, and checked by S3 on arrival.

boto3's managed transfer knows neither condition nor the parts' hashes beforehand, so large files are sent in parts here.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from mlp.datasets.files import LocalFile
from mlp.datasets.progress import Advance
from mlp.datasets.store import CONFLICT, MISSING, TAKEN, TRIES
from mlp.platform.aws import code_of
from mlp.platform.errors import Failed, MlpError

THREADS = 4
"""Parts that are sent at once; each is held in memory."""
SHA256 = "SHA256"
CHANGED = ("BadDigest", "XAmzContentChecksumMismatch")
"""Codes with which S3 says that what arrived has not the hash that was announced."""


def ensure(s3: Any, bucket: str, key: str, file: LocalFile, advance: Advance) -> str:
    """Return the version id of the object at `key` after making it hold `file`; what lies there already is not sent again.

    Raises
    ------
    MlpError
        If the file is no longer what was hashed.
    Failed
        If another content lies there, which is left as it is.
    """
    found = _existing(s3, bucket, key, file)
    if found is not None:
        advance(file.bytes)
        return found
    send = _whole if len(file.parts) == 1 else _in_parts
    for attempt in range(TRIES):
        try:
            return _version_id(send(s3, bucket, key, file, advance), bucket)
        except ClientError as error:
            code = code_of(error)
            if code in TAKEN and (found := _existing(s3, bucket, key, file)):
                return found
            if code in CHANGED:
                raise _changed(file) from None
            if code not in CONFLICT or attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _existing(s3: Any, bucket: str, key: str, file: LocalFile) -> str | None:
    try:
        found = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if code_of(error) in MISSING:
            return None
        raise
    if found["ContentLength"] != file.bytes or found.get("ChecksumSHA256") != file.checksum:
        raise Failed(f"s3://{bucket}/{key} exists with another content, which no put has written; nothing was written over it")
    return _version_id(found, bucket)


def _version_id(answer: dict[str, Any], bucket: str) -> str:
    if not answer.get("VersionId"):
        raise Failed(f"Bucket {bucket} keeps no versions of its objects; deploy the platform's own: its buckets are versioned")
    return str(answer["VersionId"])


def _whole(s3: Any, bucket: str, key: str, file: LocalFile, advance: Advance) -> dict[str, Any]:
    body = _read(file, 0)
    answer: dict[str, Any] = s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumSHA256=file.checksum, IfNoneMatch="*")
    advance(len(body))
    return answer


def _read(file: LocalFile, index: int) -> bytes:
    """Return a part. S3 refuses one whose hash is another; one of another length would not even be sent as announced."""
    start = index * file.part_bytes
    with file.path.open("rb") as content:
        content.seek(start)
        found = content.read(file.part_bytes)
    if len(found) != min(file.part_bytes, file.bytes - start):
        raise _changed(file)
    return found


def _changed(file: LocalFile) -> MlpError:
    return MlpError(f"{file.path} was changed while it was put; put it again when nothing writes to it any more")


def _in_parts(s3: Any, bucket: str, key: str, file: LocalFile, advance: Advance) -> dict[str, Any]:
    place = {"Bucket": bucket, "Key": key}
    upload = s3.create_multipart_upload(**place, ChecksumAlgorithm=SHA256)["UploadId"]

    def send(index: int) -> dict[str, Any]:
        body = _read(file, index)
        tag = s3.upload_part(
            **place, UploadId=upload, PartNumber=index + 1, Body=body, ChecksumAlgorithm=SHA256, ChecksumSHA256=file.parts[index]
        )["ETag"]
        advance(len(body))
        return {"PartNumber": index + 1, "ETag": tag, "ChecksumSHA256": file.parts[index]}

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            parts = list(pool.map(send, range(len(file.parts))))
        answer: dict[str, Any] = s3.complete_multipart_upload(
            **place, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
        )
    except BaseException:
        s3.abort_multipart_upload(**place, UploadId=upload)
        raise
    return answer
