"""Each member of each operation, alone, null and of a wrong type: an answer or a refusal, never a 500; nothing is half made."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.model import Shape

from local_aws import autoscaling
from local_aws.ministack_bridge.identity import Caller, Credentials
from local_aws.sagemaker import store as stores
from local_aws.sagemaker.endpoints import models as endpoint_models
from local_aws.sagemaker.jobs import jobs as jobs_module
from local_aws.sagemaker.pipelines import service as pipelines
from local_aws.service import JsonService
from local_aws.services import Services
from local_aws.validation import problems

CALLER = Caller("person", "111122223333", "eu-central-1")
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:"
TEXTS = [
    *("a", "1", "a@b.c", "/opt/ml/x", "s3://b/k", "https://s3.amazonaws.com/b/k", "subnet-12345678", "sg-12345678"),
    *("arn:aws:iam::111122223333:role/x", f"{ARN}model/a", f"{ARN}model-package/a/1", f"{ARN}pipeline/a/execution/abcdefghijkl"),
]
WRONG: dict[str, list[Any]] = {
    **{key: ["x", 1.5, True, [], 10**30] for key in ("integer", "long")},
    **{key: ["x", True, {}] for key in ("float", "double")},
    "string": [7, [], {}, True],
    "boolean": ["true", 1],
    "list": [{}, "x", [None], 7],
    "map": [[], "x", {"k": None}, {"k": 7}],
    "structure": [[], "x", 7],
    "timestamp": ["yesterday", True, 1e300, -1e300],
}


def sample(shape: Shape, depth: int = 0) -> Any:
    """Return a value that the model allows: what is required, and no more."""
    least = max(1, shape.metadata.get("min", 1))
    match shape.type_name:
        case "structure":
            found: Any = {name: sample(shape.members[name], depth + 1) for name in shape.required_members} if depth < 7 else {}
        case "list":
            found = [sample(shape.member, depth + 1)] * least if depth < 8 else []
        case "map":
            found = {"k": sample(shape.value, depth + 1)}
        case "string":
            choices = [*(getattr(shape, "enum", None) or TEXTS), "a" * least]
            found = next((text for text in choices if not list(problems(shape, text))), "a")
        case _:
            found = {"boolean": True, "timestamp": 1_700_000_000}.get(shape.type_name, least)
    return found


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, JsonService]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (stores, autoscaling):
            patch.setattr(module, "authorize", lambda *_: None)
        credentials = Credentials("key", "secret", "token", CALLER, time.time() + 3600)
        for module in (jobs_module, endpoint_models, pipelines):
            patch.setattr(module, "pass_role", lambda *_: None)
        patch.setattr(jobs_module, "assume", lambda *_: credentials)
        yield offered(tmp_path_factory.mktemp("state"))


def offered(state: Path) -> dict[str, JsonService]:
    services = Services("http://127.0.0.1:9", state, CALLER)
    for kind in services.jobs.values():
        vars(kind)["_run"] = lambda *_: None
    return {"sagemaker": services.sagemaker, "application-autoscaling": services.scaling}


def requests(shape: Shape) -> list[tuple[str, dict[str, Any]]]:
    base = sample(shape)
    found = [("nothing", {}), ("what is required", base)]
    for name, member in shape.members.items():
        value = sample(member)
        found += [
            (f"{name} alone", {name: value}),
            (f"with {name}", {**base, name: value}),
            (f"{name} null", {**base, name: None}),
        ]
        found += [(f"{name} {wrong!r}", {**base, name: wrong}) for wrong in WRONG[member.type_name]]
        inner = member.members if member.type_name == "structure" else {}
        found += [(f"with {name}.{part}", {**base, name: {**value, part: sample(shape)}}) for part, shape in inner.items()]
        found += [(f"{name}.{part} null", {**base, name: {**value, part: None}}) for part in inner]
    return found


OPERATIONS = [
    (name, operation)
    for name, service in offered(Path("/nonexistent")).items()
    for operation in sorted(service._operations)
    if service.model.operation_model(operation).input_shape is not None
]


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=str)
def test_no_request_is_answered_with_a_failure_of_our_own(services: dict[str, JsonService], name: str, operation: str) -> None:
    service = services[name]
    for said, request in requests(service.model.operation_model(operation).input_shape):
        status, _, body = service._answer(CALLER, operation, json.dumps(request).encode())
        assert status in (200, 400, 501), f"{said}: {request} -> {status} {body.decode()}"


@pytest.mark.parametrize("body", [b"[" * 50_000, b'{"ModelName": NaN}', b"7", b"null", b"\xff", b'{"a": 1'])
def test_a_body_that_is_no_json_object_is_refused(services: dict[str, JsonService], body: bytes) -> None:
    status, headers, _ = services["sagemaker"]._answer(CALLER, "DescribeModel", body)
    assert (status, headers["x-amzn-ErrorType"]) == (400, "SerializationException")
