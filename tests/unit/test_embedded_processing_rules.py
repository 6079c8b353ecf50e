"""What CreateProcessingJob refuses before a job exists: in AWS's words where they are known, by the member's name otherwise."""

from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.sagemaker.jobs import processing_rules

CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
BASE: dict[str, Any] = {
    "ProcessingJobName": "a",
    "AppSpecification": {"ImageUri": "image"},
    "ProcessingResources": {"ClusterConfig": CLUSTER},
    "RoleArn": "role",
}


def source(**changes: Any) -> dict[str, Any]:
    return {"ProcessingInputs": [{"InputName": "in", **changes}]}


def target(**changes: Any) -> dict[str, Any]:
    return {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", **changes}]}}


def s3(**changes: Any) -> dict[str, Any]:
    place = {"S3Uri": "s3://b/k", "LocalPath": "/opt/ml/processing/x", "S3DataType": "S3Prefix", **changes}
    return {key: value for key, value in place.items() if value is not None}


def refused(request: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as caught:
        processing_rules.check({**BASE, **request})
    assert caught.value.code == "ValidationException"
    return caught.value.message


@pytest.mark.parametrize("request_part", [{}, source(S3Input=s3()), target(S3Output=s3(S3UploadMode="EndOfJob"))])
def test_what_runs_is_taken(request_part: dict[str, Any]) -> None:
    processing_rules.check({**BASE, **request_part})


@pytest.mark.parametrize("path", ["/opt/ml/processing", "/opt/ml/processing/a/b"])
def test_folders_of_the_job_are_taken(path: str) -> None:
    processing_rules.check({**BASE, **source(S3Input=s3(LocalPath=path)), **target(S3Output=s3(LocalPath=path))})


@pytest.mark.parametrize("path", ["/opt/ml", "/opt/ml/processing2", "/opt/ml/processing/../model", "opt/ml/processing/a", "/etc"])
def test_other_folders_are_refused_with_the_path(path: str) -> None:
    for request in (source(S3Input=s3(LocalPath=path)), target(S3Output=s3(LocalPath=path))):
        assert refused(request).endswith(f"must be /opt/ml/processing or a folder in it, got {path}")


def test_a_path_is_optional_only_for_what_the_application_manages() -> None:
    at = "1 validation error detected: Value null at '{}.localPath' failed to satisfy constraint: Member must not be null"
    assert refused(source(S3Input=s3(LocalPath=None))) == at.format("processingInputs.1.member.s3Input")
    assert refused(target(S3Output=s3(LocalPath=None))) == at.format("processingOutputConfig.outputs.1.member.s3Output")


def test_data_of_nowhere_is_refused_by_its_name() -> None:
    assert refused(source()).startswith("Input in must say where its data is")
    assert refused(target()).startswith("Output out must say where its data is")


@pytest.mark.parametrize(
    ("request_part", "member"),
    [
        ({"ExperimentConfig": {"TrialName": "t"}}, "ExperimentConfig"),
        (source(AppManaged=True, S3Input=s3()), "ProcessingInputs.AppManaged=True"),
        (source(DatasetDefinition={}), "ProcessingInputs.DatasetDefinition"),
        (source(S3Input=s3(S3CompressionType="Gzip")), "ProcessingInputs.S3Input.S3CompressionType=Gzip"),
        (source(S3Input=s3(S3DataType="ManifestFile")), "ProcessingInputs.S3Input.S3DataType=ManifestFile"),
        (source(S3Input=s3(S3InputMode="Pipe")), "ProcessingInputs.S3Input.S3InputMode=Pipe"),
        (target(AppManaged=True), "ProcessingOutputConfig.Outputs.AppManaged=True"),
        (target(FeatureStoreOutput={"FeatureGroupName": "g"}), "ProcessingOutputConfig.Outputs.FeatureStoreOutput"),
        (target(S3Output=s3(S3UploadMode="Continuous")), "ProcessingOutputConfig.Outputs.S3Output.S3UploadMode=Continuous"),
        (
            {"ProcessingResources": {"ClusterConfig": {**CLUSTER, "InstancePreferences": [{"InstanceType": "ml.m5.large"}]}}},
            "ProcessingResources.ClusterConfig.InstancePreferences",
        ),
    ],
)
def test_what_would_silently_not_be_done_is_refused_by_name(request_part: dict[str, Any], member: str) -> None:
    assert refused(request_part) == f"The embedded AWS does not offer {member}; AWS does"


def test_the_table_of_what_is_not_offered_has_a_case_for_each_member() -> None:
    [mark] = test_what_would_silently_not_be_done_is_refused_by_name.pytestmark  # type: ignore[attr-defined]
    assert {member for _, member in mark.args[1]} == set(processing_rules.NOT_OFFERED)


@pytest.mark.parametrize(
    ("cluster", "reason"),
    [
        ({"InstanceType": "ml.m5.large"}, "must have InstanceCount"),
        ({"InstanceCount": 1}, "must have InstanceType"),
        ({**CLUSTER, "InstanceCount": 2}, "processes on one instance, not 2"),
        ({**CLUSTER, "InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "k"}, "not supported for instance type ml.g5.xlarge"),
    ],
)
def test_a_cluster_that_would_not_be_as_asked_for_is_refused(cluster: dict[str, Any], reason: str) -> None:
    assert reason in refused({"ProcessingResources": {"ClusterConfig": cluster}})
