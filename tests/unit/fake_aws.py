"""Clients that answer from a table, hold requests against botocore's own model, and remember them."""

import io
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

Answer = Mapping[str, Any] | Exception | Callable[..., Mapping[str, Any]]


def refusal(operation: str, code: str = "AccessDeniedException", message: str = "no policy allows it") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


class FakeClient:
    """A client of one service; an operation without an answer is an error of the test."""

    def __init__(self, service: str, answers: Mapping[str, Answer]) -> None:
        model = _model(service)
        self._answers, self.meta = answers, type("Meta", (), {"service_model": model})
        self._names = {xform_name(name): name for name in model.operation_names}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **parameters: self._call(operation, parameters)

    def _call(self, operation: str, parameters: dict[str, Any]) -> Any:
        shape = self.meta.service_model.operation_model(self._names[operation]).input_shape
        report = ParamValidator().validate(parameters, shape)
        assert not report.has_errors(), report.generate_report()
        self.calls.append((operation, parameters))
        answer = self._answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer(**parameters) if callable(answer) else answer

    def get_paginator(self, operation: str) -> Any:
        def paginate(**parameters: Any) -> Iterator[Any]:
            yield self._call(operation, parameters)

        return type("Paginator", (), {"paginate": staticmethod(paginate)})

    def called(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.calls if name == operation]


OPERATIONS = ("list_objects_v2", "get_object", "put_object", "delete_object")


class FakeS3(FakeClient):
    """Objects in memory."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        super().__init__("s3", {name: getattr(self, f"_{name.partition('_')[0]}") for name in OPERATIONS})
        self.objects, self.uploads = objects, list[str]()

    def _list(self, Bucket: str, Prefix: str = "", MaxKeys: int = 1000) -> dict[str, Any]:
        place = f"{Bucket}/"
        keys = sorted(key.removeprefix(place) for key in self.objects if key.startswith(place + Prefix))
        return {"Contents": [{"Key": key, "Size": len(self.objects[place + key])} for key in keys[:MaxKeys]]} if keys else {}

    def _get(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[f"{Bucket}/{Key}"]), "ETag": "x"}

    def _put(self, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        self.objects[f"{Bucket}/{Key}"] = Body
        return {}

    def _delete(self, Bucket: str, Key: str) -> dict[str, Any]:
        self.objects.pop(f"{Bucket}/{Key}", None)
        return {}

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        self.objects[f"{bucket}/{key}"] = Path(file).read_bytes()
        self.uploads.append(key)

    def download_file(self, bucket: str, key: str, file: str) -> None:
        Path(file).write_bytes(self.objects[f"{bucket}/{key}"])
