"""What CreateTrainingJob refuses before a job exists: AWS's words where they are known, the member's name where it is not offered."""

from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.sagemaker.jobs import training_rules
from local_aws.sagemaker.offer import refuse

BASE: dict[str, Any] = {
    "TrainingJobName": "a",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    "RoleArn": "role",
    "OutputDataConfig": {"S3OutputPath": "s3://b/k"},
}


def refused(**changes: Any) -> str:
    request = {key: value for key, value in {**BASE, **changes}.items() if value is not None}
    with pytest.raises(ServiceError) as caught:
        training_rules.check(request)
    assert caught.value.code == "ValidationException"
    return caught.value.message


@pytest.mark.parametrize("name", training_rules.NEEDED)
def test_what_only_serverless_jobs_do_without_is_needed(name: str) -> None:
    assert f"'{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null" in refused(**{name: None})


def test_spot_needs_a_longest_wait_and_nothing_else_has_one() -> None:
    # Words: Kenza-AI/sagify issue 111, aws/sagemaker-python-sdk issue 4140.
    only = "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
    assert refused(StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900}) == only
    spot: dict[str, Any] = {"EnableManagedSpotTraining": True}
    for limits in (
        {"MaxRuntimeInSeconds": 600},
        {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 599},
        {"MaxWaitTimeInSeconds": 600},
    ):
        assert refused(**spot, StoppingCondition=limits).startswith("Invalid MaxWaitTimeInSeconds. It must be present")
    training_rules.check({**BASE, **spot, "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}})


@pytest.mark.parametrize("member", [member for member in training_rules.NOT_OFFERED if "=" not in member])
def test_what_would_silently_not_be_done_is_refused_by_name(member: str) -> None:
    first, _, inner = member.partition(".")
    value: Any = {**BASE.get(first, {}), inner: 1} if inner else [{}]
    assert refused(**{first: value}) == f"The embedded AWS does not offer {member}; AWS does"


def test_a_switch_is_refused_only_where_it_is_on() -> None:
    training_rules.check({**BASE, "RemoteDebugConfig": {"EnableRemoteDebug": False}})
    assert "RemoteDebugConfig.EnableRemoteDebug" in refused(RemoteDebugConfig={"EnableRemoteDebug": True})


def test_one_channel_name_twice_is_refused() -> None:
    channel = {"ChannelName": "train", "DataSource": {}}
    assert "channel names must be unique, got train more than once" in refused(InputDataConfig=[channel, channel])


def test_an_image_or_instances_must_be_named() -> None:
    assert "either TrainingImage or AlgorithmName" in refused(AlgorithmSpecification={"TrainingInputMode": "File"})
    assert "InstanceType and InstanceCount, or InstanceGroups" in refused(ResourceConfig={"VolumeSizeInGB": 1})


def test_members_within_lists_are_found() -> None:
    with pytest.raises(ServiceError, match=r"does not offer A\.B, C=2; AWS does"):
        refuse({"A": [{}, {"B": None}], "C": 2}, ["A.B", "A.D", "C=2", "C=3"])
