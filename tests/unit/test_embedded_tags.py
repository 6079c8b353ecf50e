"""Tags that SageMaker does not take, at a creation and afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker import store as stores
from local_aws.sagemaker.tags import Tags
from local_aws.services import Services

CALLER = Caller("person", "111122223333", "eu-central-1")
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:model/m"


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": "v"} for key in keys]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> stores.Store:
    monkeypatch.setattr(stores, "authorize", lambda *_: None)
    store = stores.Store()
    store.put("model", CALLER, "m", {"ModelName": "m"})
    return store


@pytest.mark.parametrize("key", ["aws:x", "AWS:x", "aws:cloudformation:stack-name"])
def test_clients_neither_give_nor_add_nor_remove_keys_of_aws_and_cloudformation_does(
    store: stores.Store, tmp_path: Path, key: str
) -> None:
    service = Services("http://127.0.0.1:9", tmp_path, CALLER).sagemaker
    group = {"ModelPackageGroupName": "g"}
    made = service.call("CreateModelPackageGroup", CALLER, {**group, "Tags": tags(key)})["ModelPackageGroupArn"]
    requests: list[tuple[str, dict[str, Any]]] = [
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "other", "Tags": tags("ours", key)}),
        ("AddTags", {"ResourceArn": made, "Tags": tags("ours", key)}),
        ("DeleteTags", {"ResourceArn": made, "TagKeys": ["ours", key]}),
    ]
    for operation, request in requests:
        with pytest.raises(ServiceError, match=f"System prefix 'aws:' reserved for AWS usage in tag key: {key}") as caught:
            service.call(operation, CALLER, request, by_client=True)
        assert caught.value.code == "ValidationException"
        assert service._answer(CALLER, operation, json.dumps(request).encode())[0] == 400
    assert service.call("ListTags", CALLER, {"ResourceArn": made}, by_client=True)["Tags"] == tags(key)
    service.call("AddTags", CALLER, {"ResourceArn": made, "Tags": tags(*(f"ours{n}" for n in range(50)))}, by_client=True)


def test_a_resource_has_fifty_tags_at_most_however_many_calls_bring_them(store: stores.Store) -> None:
    service = Tags(store)
    service.add(CALLER, {"ResourceArn": ARN, "Tags": tags(*(f"a{n}" for n in range(30)))})
    with pytest.raises(ServiceError, match=r"at most 50 tags; .*model/m would have 55"):
        service.add(CALLER, {"ResourceArn": ARN, "Tags": tags(*(f"b{n}" for n in range(25)))})
    assert len(store.tags_of(ARN)) == 30
    service.add(CALLER, {"ResourceArn": ARN, "Tags": tags("a0", *(f"b{n}" for n in range(20)))})
    assert len(store.tags_of(ARN)) == 50
