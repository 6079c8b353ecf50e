"""An S3 bucket in memory, with versions, conditions, checksums and multipart uploads; requests fit botocore's model."""

import base64
import hashlib
import io
import itertools
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.fake_aws import FakeClient, refusal

OPERATIONS = (
    "put_object", "get_object", "head_object", "delete_object", "list_objects_v2", "create_multipart_upload", "upload_part",
    "complete_multipart_upload", "abort_multipart_upload",
)  # fmt: skip


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


class VersionedS3(FakeClient):
    """What a put needs of S3."""

    def __init__(self) -> None:
        super().__init__("s3", {name: getattr(self, f"_{name}") for name in OPERATIONS})
        self.objects: dict[str, dict[str, Any]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self._ids, self._lock = itertools.count(1), threading.Lock()

    def _store(self, key: str, content: bytes, checksum: str | None, asked: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            found = self.objects.get(key)
            if (asked.get("IfNoneMatch") and found) or ("IfMatch" in asked and (not found or found["ETag"] != asked["IfMatch"])):
                raise refusal("PutObject", "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
            number = next(self._ids)
            entry = {"content": content, "VersionId": f"v{number}", "ETag": f'"e{number}"', "ChecksumSHA256": checksum}
            self.objects[key] = entry
            return {"VersionId": entry["VersionId"], "ETag": entry["ETag"]}

    def _put_object(self, Bucket: str, Key: str, Body: bytes, **asked: Any) -> dict[str, Any]:
        checksum = asked.get("ChecksumSHA256")
        if checksum and checksum != sha256(Body):
            raise refusal("PutObject", "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
        return self._store(Key, Body, checksum, asked)

    def _found(self, key: str, operation: str, code: str) -> dict[str, Any]:
        if key not in self.objects:
            raise refusal(operation, code, "Not Found")
        return self.objects[key]

    def _get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        found = self._found(Key, "GetObject", "NoSuchKey")
        return {"Body": io.BytesIO(found["content"]), "ETag": found["ETag"], "VersionId": found["VersionId"]}

    def _head_object(self, Bucket: str, Key: str, ChecksumMode: str) -> dict[str, Any]:
        found = self._found(Key, "HeadObject", "404")
        shown = {name: found[name] for name in ("VersionId", "ETag", "ChecksumSHA256") if found[name]}
        return {**shown, "ContentLength": len(found["content"]), "LastModified": datetime(2026, 11, 22, tzinfo=UTC)}

    def _delete_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        self.objects.pop(Key, None)
        return {}

    def _list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        return {"Contents": [{"Key": key, "Size": len(self.objects[key]["content"])} for key in keys]}

    def _create_multipart_upload(self, Bucket: str, Key: str, ChecksumAlgorithm: str) -> dict[str, Any]:
        name = f"u{next(self._ids)}"
        self.uploads[name] = {}
        return {"UploadId": name}

    def _upload_part(self, UploadId: str, PartNumber: int, Body: bytes, ChecksumSHA256: str, **_: Any) -> dict[str, Any]:
        if ChecksumSHA256 != sha256(Body):
            raise refusal("UploadPart", "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
        self.uploads[UploadId][PartNumber] = Body
        return {"ETag": f'"p{PartNumber}"'}

    def _complete_multipart_upload(self, Key: str, UploadId: str, MultipartUpload: Any, **asked: Any) -> dict[str, Any]:
        numbers = [part["PartNumber"] for part in MultipartUpload["Parts"]]
        assert numbers == sorted(self.uploads[UploadId]), "parts are given in order, and all of them"
        parts = [self.uploads[UploadId][number] for number in numbers]
        joined = b"".join(hashlib.sha256(part).digest() for part in parts)
        answer = self._store(Key, b"".join(parts), f"{sha256(joined)}-{len(parts)}", asked)
        del self.uploads[UploadId]
        return answer

    def _abort_multipart_upload(self, Bucket: str, Key: str, UploadId: str) -> dict[str, Any]:
        del self.uploads[UploadId]
        return {}

    def download_file(self, bucket: str, key: str, file: str, Callback: Any) -> None:
        content = self._found(key, "HeadObject", "404")["content"]
        Path(file).write_bytes(content)
        Callback(len(content))


class FakePlatform:
    """A platform with datasets spam and movies; model `films` reads the latter."""

    embedded: object | None = "yes"
    data_bucket = "data-bucket"

    def __init__(self, sagemaker: FakeClient | None = None) -> None:
        self.s3 = VersionedS3()
        sts = FakeClient("sts", {"get_caller_identity": {"Arn": "arn:aws:iam::111122223333:user/anna"}})
        self.clients: dict[str, Any] = {"s3": self.s3, "sts": sts, "sagemaker": sagemaker}

    @property
    def datasets(self) -> list[str]:
        return ["movies", "spam"]

    def client(self, service: str) -> Any:
        return self.clients[service]

    def require_model(self, model: str) -> None:
        assert model in ("spam", "films")

    def dataset_of(self, model: str) -> str:
        return {"films": "movies"}.get(model, model)

    def pipeline_name(self, model: str) -> str:
        return f"mlp-dev-{model}"

    def how_to_add_data(self, dataset: str) -> str:
        return f"Put one with: mlp data put {dataset} FILE"


def broken_connection(*_: Any, **__: Any) -> Any:
    """Stand for an operation at which the process is killed."""
    raise ClientError({"Error": {"Code": "InternalError", "Message": "gone"}}, "PutObject")
