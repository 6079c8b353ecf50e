"""Model packages that belong to no group."""

from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker import events as sagemaker_events
from local_aws.sagemaker import store as stores
from local_aws.sagemaker.endpoints.models import Models
from local_aws.sagemaker.registry.service import Registry

CALLER = Caller("person", "111122223333", "eu-central-1")
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/mine"
SPECIFICATION = {"Containers": [{"Image": "image"}], "SupportedContentTypes": ["text/csv"]}
Call = Any


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> stores.Store:
    monkeypatch.setattr(stores, "authorize", lambda *_: None)
    monkeypatch.setattr(sagemaker_events, "emit_event", lambda *_: None)
    return stores.Store()


@pytest.fixture
def call(store: stores.Store) -> Call:
    operations = Registry(store).operations
    return lambda operation, **parameters: operations[operation](CALLER, parameters)


def refused(call: Call, operation: str, **parameters: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        call(operation, **parameters)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def create(call: Call, name: str = "mine", **more: Any) -> str:
    return str(call("CreateModelPackage", ModelPackageName=name, InferenceSpecification=SPECIFICATION, **more)["ModelPackageArn"])


def test_a_package_has_its_name_and_neither_group_nor_version_nor_approval(call: Call) -> None:
    assert create(call) == ARN
    for name in ("mine", ARN):
        described = call("DescribeModelPackage", ModelPackageName=name)
        assert (described["ModelPackageArn"], described["ModelPackageName"]) == (ARN, "mine")
        assert not described.keys() & {"ModelPackageGroupName", "ModelPackageVersion", "ModelApprovalStatus"}


def test_name_and_group_exclude_each_other_and_one_is_needed(call: Call) -> None:
    call("CreateModelPackageGroup", ModelPackageGroupName="group")
    assert "not both" in refused(call, "CreateModelPackage", ModelPackageGroupName="group", ModelPackageName="mine")
    assert "is required" in refused(call, "CreateModelPackage", InferenceSpecification=SPECIFICATION)


def test_a_name_is_taken_once_but_the_same_token_makes_nothing_twice(call: Call) -> None:
    create(call, ClientToken="once")
    assert create(call, ClientToken="once") == ARN
    assert refused(call, "CreateModelPackage", ModelPackageName="MINE") == f"Model package already exists: {ARN}"


def test_an_approval_does_not_apply(call: Call) -> None:
    assert "does not apply" in refused(call, "CreateModelPackage", ModelPackageName="mine", ModelApprovalStatus="Approved")
    create(call)
    assert "does not apply" in refused(call, "UpdateModelPackage", ModelPackageArn=ARN, ModelApprovalStatus="Approved")
    call("UpdateModelPackage", ModelPackageArn=ARN, CustomerMetadataProperties={"a": "b"})
    assert call("DescribeModelPackage", ModelPackageName="mine")["CustomerMetadataProperties"] == {"a": "b"}


def test_packages_of_either_kind_are_listed_as_asked_for(call: Call) -> None:
    call("CreateModelPackageGroup", ModelPackageGroupName="group")
    call("CreateModelPackage", ModelPackageGroupName="group", InferenceSpecification=SPECIFICATION)
    create(call)

    def listed(**wanted: str) -> set[str]:
        return {
            found["ModelPackageArn"].rpartition("e/")[2]
            for found in call("ListModelPackages", **wanted)["ModelPackageSummaryList"]
        }

    assert listed() == listed(ModelPackageType="Unversioned") == {"mine"}
    assert listed(ModelPackageType="Versioned") == listed(ModelPackageGroupName="group") == {"group/1"}
    assert listed(ModelPackageType="Both") == {"mine", "group/1"}


def test_a_group_can_go_while_packages_without_one_stay(call: Call) -> None:
    call("CreateModelPackageGroup", ModelPackageGroupName="mine")
    create(call)
    call("DeleteModelPackageGroup", ModelPackageGroupName="mine")
    call("DeleteModelPackage", ModelPackageName="mine")
    assert refused(call, "DescribeModelPackage", ModelPackageName="mine") == f"ModelPackage {ARN} does not exist."


@pytest.mark.parametrize("name", ["mine", ARN])
def test_a_model_is_made_of_one_without_any_approval(call: Call, store: stores.Store, name: str) -> None:
    create(call)
    assert Models(store)._resolved(CALLER, {"ModelPackageName": name}) == ("image", None, {})
    assert Models(store)._defined(CALLER, {"ModelPackageName": name}) == {"Image": "image"}


@pytest.mark.parametrize(
    ("member", "value"),
    [("CertifyForMarketplace", True), ("SourceAlgorithmSpecification", {}), ("ValidationSpecification", {})],
)
def test_what_would_silently_not_be_done_is_refused_by_name(call: Call, member: str, value: Any) -> None:
    assert f"The embedded AWS does not offer {member}" in refused(
        call, "CreateModelPackage", ModelPackageName="m", **{member: value}
    )
