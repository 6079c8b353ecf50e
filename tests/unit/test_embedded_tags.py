"""Tags that SageMaker does not take, at a creation and afterwards."""

from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker import store as stores
from local_aws.sagemaker.tags import Tags

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
def test_keys_of_aws_are_neither_given_nor_added_nor_removed(store: stores.Store, key: str) -> None:
    calls: list[Any] = [
        lambda: store.authorize_creation(CALLER, "CreateModel", ARN, {"Tags": tags("ours", key)}),
        lambda: Tags(store).add(CALLER, {"ResourceArn": ARN, "Tags": tags("ours", key)}),
        lambda: Tags(store).delete(CALLER, {"ResourceArn": ARN, "TagKeys": ["ours", key]}),
    ]
    store.set_tags(ARN, tags("ours"))
    for call in calls:
        with pytest.raises(ServiceError, match=f"System prefix 'aws:' reserved for AWS usage in tag key: {key}") as caught:
            call()
        assert caught.value.code == "ValidationException"
    assert store.tags_of(ARN) == {"ours": "v"}


def test_a_resource_has_fifty_tags_at_most_however_many_calls_bring_them(store: stores.Store) -> None:
    service = Tags(store)
    service.add(CALLER, {"ResourceArn": ARN, "Tags": tags(*(f"a{n}" for n in range(30)))})
    with pytest.raises(ServiceError, match=r"at most 50 tags; .*model/m would have 55"):
        service.add(CALLER, {"ResourceArn": ARN, "Tags": tags(*(f"b{n}" for n in range(25)))})
    assert len(store.tags_of(ARN)) == 30
    service.add(CALLER, {"ResourceArn": ARN, "Tags": tags("a0", *(f"b{n}" for n in range(20)))})
    assert len(store.tags_of(ARN)) == 50
