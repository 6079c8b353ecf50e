"""The embedded AWS's model registry: versions, what they carry, how they are listed and changed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_aws.sagemaker import events as sagemaker_events
from local_aws.sagemaker import store
from local_aws.sagemaker.registry import metadata as model_metadata
from local_aws.sagemaker.registry.service import Registry
from local_aws.service import JsonService
from tests.unit.pipelines_bench import CALLER, MODEL
from tests.unit.pipelines_steps import ACCOUNT, REGION, refusal

SPECIFICATION = {
    "Containers": [{"Image": "image:1", "ModelDataUrl": "s3://b/model.tar.gz"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}


class Desk:
    """A registry on a store of its own; `readable` says which objects the caller may read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.readable, self.asked, self.events = True, [], []
        monkeypatch.setattr(store, "authorize", lambda *_: None)
        monkeypatch.setattr(model_metadata, "allowed", self._allowed)
        monkeypatch.setattr(sagemaker_events, "emit_event", lambda _name, detail, _resources: self.events.append(detail))
        self.store, self.service = store.Store(), JsonService("sagemaker")
        vars(self.service)["model"] = MODEL
        self.service.offer(Registry(self.store).operations)
        self.call("CreateModelPackageGroup", ModelPackageGroupName="Spam")

    def _allowed(self, _caller: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return self.readable

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.service.call(operation, CALLER, parameters)

    def create(self, group: str = "Spam", **more: Any) -> str:
        parameters = {"ModelPackageGroupName": group, "InferenceSpecification": SPECIFICATION, **more}
        return str(self.call("CreateModelPackage", **parameters)["ModelPackageArn"])

    def update(self, arn: str, **changes: Any) -> None:
        self.call("UpdateModelPackage", ModelPackageArn=arn, **changes)

    def described(self, arn: str) -> dict[str, Any]:
        return self.call("DescribeModelPackage", ModelPackageName=arn)

    def listed(self, **wanted: Any) -> list[str]:
        found = self.call("ListModelPackages", **wanted)["ModelPackageSummaryList"]
        return [f"{item['ModelPackageGroupName']}/{item['ModelPackageVersion']}" for item in found]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def source(name: str) -> dict[str, str]:
    return {"ContentType": "application/json", "S3Uri": f"s3://b/{name}.json"}


def test_a_version_is_described_with_all_that_it_was_given(desk: Desk) -> None:
    given = {
        "ModelPackageDescription": "words",
        "ModelApprovalStatus": "Approved",
        "ModelMetrics": {"ModelQuality": {"Statistics": source("evaluation"), "Constraints": source("gate")}},
        "CustomerMetadataProperties": {"gate": "auc 0.9 is at least 0.85", "dataset": "spam@3"},
        "ModelCard": {"ModelCardContent": json.dumps({"model_overview": {}}), "ModelCardStatus": "Draft"},
        "Domain": "MACHINE_LEARNING",
        "SourceUri": "s3://b/source",
        "SkipModelValidation": "All",
        "DriftCheckBaselines": {"ModelQuality": {"Statistics": source("evaluation")}},
    }
    described = desk.described(desk.create(**given))
    assert {key: described[key] for key in given} == given
    assert (described["ModelPackageVersion"], described["ModelPackageGroupName"]) == (1, "Spam")


@pytest.mark.parametrize(
    ("metrics", "name"),
    [
        ({"ModelQuality": {"Statistics": source("x")}}, "x"),
        ({"ModelQuality": {"Constraints": source("y")}}, "y"),
        ({"Bias": {"Report": source("z")}}, "z"),
        ({"ModelDataQuality": {"Constraints": source("w")}}, "w"),
        ({"Explainability": {"Report": source("v")}}, "v"),
    ],
)
def test_all_model_metrics_must_be_readable_by_who_registers(desk: Desk, metrics: dict[str, Any], name: str) -> None:
    desk.create(ModelMetrics=metrics)
    assert desk.asked == [("s3:GetObject", f"arn:aws:s3:::b/{name}.json")]
    desk.readable = False
    assert f"Cannot access the model metrics at s3://b/{name}.json" in str(refusal(lambda: desk.create(ModelMetrics=metrics)))
    assert desk.listed(ModelPackageGroupName="Spam") == ["Spam/1"]


def entries(start: int, count: int) -> dict[str, str]:
    return {f"k{number}": "v" for number in range(start, start + count)}


def test_a_version_has_at_most_50_metadata_entries_also_after_an_update(desk: Desk) -> None:
    assert "less than or equal to 50" in str(refusal(lambda: desk.create(CustomerMetadataProperties=entries(0, 51))))
    arn = desk.create(CustomerMetadataProperties=entries(0, 50))
    events = len(desk.events)
    error = refusal(lambda: desk.update(arn, CustomerMetadataProperties=entries(50, 1), ModelApprovalStatus="Approved"))
    assert "would have 51 entries; at most 50 are allowed" in str(error)
    assert desk.described(arn)["ModelApprovalStatus"] == "PendingManualApproval" and len(desk.events) == events
    desk.update(arn, CustomerMetadataProperties=entries(50, 1), CustomerMetadataPropertiesToRemove=["k0"])
    assert set(desk.described(arn)["CustomerMetadataProperties"]) == set(entries(1, 50))


@pytest.mark.parametrize(
    "entry", [{"a(b": "v"}, {"k": "a;b"}, {"k": "v" * 257}, {"k" * 129: "v"}, {"k": "auc >= 0.85"}, {"k": ""}]
)
def test_metadata_of_a_form_that_aws_refuses_is_refused(desk: Desk, entry: dict[str, str]) -> None:
    assert refusal(lambda: desk.create(CustomerMetadataProperties=entry)).code == "ValidationException"


def test_the_same_client_token_registers_one_version(desk: Desk) -> None:
    first = desk.create(ClientToken="once")
    events = len(desk.events)
    assert desk.create(ClientToken="once") == first and len(desk.events) == events
    assert desk.create(ClientToken="twice") != first
    assert desk.listed(ModelPackageGroupName="Spam") == ["Spam/1", "Spam/2"]


def test_the_same_client_token_changes_a_version_once(desk: Desk) -> None:
    arn = desk.create()
    desk.update(arn, ModelApprovalStatus="Approved", ClientToken="once")
    desk.update(arn, ModelApprovalStatus="Rejected")
    events = len(desk.events)
    desk.update(arn, ModelApprovalStatus="Approved", ClientToken="once")
    assert desk.described(arn)["ModelApprovalStatus"] == "Rejected" and len(desk.events) == events


@pytest.mark.parametrize(
    ("content", "expected"), [("nonsense", "is not JSON"), ("[]", "must be a JSON object"), ('{"a": NaN}', "NaN")]
)
def test_a_model_cards_content_must_be_a_json_object(desk: Desk, content: str, expected: str) -> None:
    assert expected in str(refusal(lambda: desk.create(ModelCard={"ModelCardContent": content, "ModelCardStatus": "Draft"})))
    arn = desk.create()
    assert expected in str(refusal(lambda: desk.update(arn, ModelCard={"ModelCardContent": content})))


def test_a_model_cards_status_changes_and_an_archived_ones_content_does_not(desk: Desk) -> None:
    arn = desk.create(ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Draft"})
    desk.update(arn, ModelCard={"ModelCardStatus": "Approved"})
    assert desk.described(arn)["ModelCard"] == {"ModelCardContent": "{}", "ModelCardStatus": "Approved"}
    desk.update(arn, ModelCard={"ModelCardStatus": "Archived"})
    change = {"ModelCardContent": '{"a": 1}'}
    assert "Model Card is in Archived state" in str(refusal(lambda: desk.update(arn, ModelCard=change)))
    desk.update(arn, ModelCard={"ModelCardStatus": "Draft"})
    desk.update(arn, ModelCard=change)
    assert desk.described(arn)["ModelCard"] == {"ModelCardContent": '{"a": 1}', "ModelCardStatus": "Draft"}


def test_an_update_changes_what_it_names_and_nothing_else(desk: Desk) -> None:
    arn = desk.create(ModelPackageDescription="words")
    stage = {"Stage": "Development", "StageStatus": "Approved"}
    desk.update(arn, ApprovalDescription="good", SourceUri="s3://b/s", ModelLifeCycle=stage)
    more = {"Name": "more", "Containers": [{"Image": "image:2"}]}
    desk.update(arn, AdditionalInferenceSpecificationsToAdd=[more])
    described = desk.described(arn)
    assert (described["ApprovalDescription"], described["SourceUri"], described["ModelLifeCycle"]) == ("good", "s3://b/s", stage)
    assert described["AdditionalInferenceSpecifications"] == [more]
    assert described["InferenceSpecification"] == SPECIFICATION and described["ModelPackageDescription"] == "words"


@pytest.fixture
def several(desk: Desk) -> Desk:
    """Three versions of Spam, the second approved, and one of Other, each made an hour after the one before."""
    desk.call("CreateModelPackageGroup", ModelPackageGroupName="Other")
    for number, (group, status) in enumerate(
        [("Spam", "Rejected"), ("Spam", "Approved"), ("Spam", "PendingManualApproval"), ("Other", "Approved")]
    ):
        arn = desk.create(group, ModelApprovalStatus=status)
        record = desk.store.get("model-package", CALLER, arn)
        assert record
        record["CreationTime"] = datetime(2026, 1, 1, number, tzinfo=UTC)
    return desk


MIDDLE = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=90)).timestamp()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"ModelPackageGroupName": "Spam"}, ["Spam/1", "Spam/2", "Spam/3"]),
        ({"ModelPackageGroupName": "spam", "SortOrder": "Descending"}, ["Spam/3", "Spam/2", "Spam/1"]),
        ({"ModelPackageGroupName": "Spam", "ModelApprovalStatus": "Approved"}, ["Spam/2"]),
        ({"ModelPackageGroupName": "Spam", "CreationTimeAfter": MIDDLE}, ["Spam/3"]),
        ({"ModelPackageGroupName": "Spam", "CreationTimeBefore": MIDDLE}, ["Spam/1", "Spam/2"]),
        ({"ModelPackageType": "Versioned", "NameContains": "Oth"}, ["Other/1"]),
        ({"ModelPackageType": "Versioned", "SortBy": "Name"}, ["Other/1", "Spam/1", "Spam/2", "Spam/3"]),
        ({"ModelPackageType": "Both", "ModelApprovalStatus": "Approved"}, ["Spam/2", "Other/1"]),
        ({}, []),
    ],
)
def test_versions_are_listed_as_asked_for(several: Desk, wanted: dict[str, Any], expected: list[str]) -> None:
    assert several.listed(**wanted) == expected


def test_versions_made_at_one_moment_are_listed_by_number(desk: Desk) -> None:
    for _ in range(12):
        record = desk.store.get("model-package", CALLER, desk.create())
        assert record
        record["CreationTime"] = datetime(2026, 1, 1, tzinfo=UTC)
    numbers = [f"Spam/{number}" for number in range(1, 13)]
    assert desk.listed(ModelPackageGroupName="Spam") == numbers
    assert desk.listed(ModelPackageGroupName="Spam", SortOrder="Descending", MaxResults=3) == numbers[:-4:-1]


def test_several_versions_are_described_at_once_and_missing_ones_are_named(several: Desk) -> None:
    arns = [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/spam/{number}" for number in (1, 9)]
    answer = several.call("BatchDescribeModelPackage", ModelPackageArnList=arns)
    assert answer["ModelPackageSummaries"][arns[0]]["InferenceSpecification"] == SPECIFICATION
    assert answer["ModelPackageSummaries"][arns[0]]["ModelApprovalStatus"] == "Rejected"
    assert set(answer["BatchDescribeModelPackageErrorMap"]) == {arns[1]}
    assert "does not exist" in answer["BatchDescribeModelPackageErrorMap"][arns[1]]["ErrorResponse"]


def test_a_group_with_versions_is_not_deleted_and_numbers_are_never_given_again(desk: Desk) -> None:
    arn = desk.create()
    assert refusal(lambda: desk.call("DeleteModelPackageGroup", ModelPackageGroupName="Spam")).code == "ConflictException"
    desk.call("DeleteModelPackage", ModelPackageName=arn)
    assert desk.create().endswith("/2")
