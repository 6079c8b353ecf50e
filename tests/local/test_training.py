"""Training on the embedded AWS: the gate, failures, logs, and that nothing bad is registered."""

import csv
import io
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from mlp.platform.errors import Failed
from mlp.runs import logs, registry, training
from mlp.runs.record import record_of
from tests.local.conftest import ACCOUNT, DATA, MODEL, REGION, Platform, wait_for


@contextmanager
def uploaded(deployed: Platform, name: str, rows: list[list[str]]) -> Iterator[str]:
    """Put a table beside the platform's own raw data for as long as the body runs."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    place = {"Bucket": deployed.data, "Key": f"datasets/{MODEL}/raw/{name}/data.csv"}
    deployed.client("s3").put_object(**place, Body=text.getvalue().encode())
    try:
        yield f"s3://{deployed.data}/datasets/{MODEL}/raw/{name}/"
    finally:
        deployed.client("s3").delete_object(**place)


def rows() -> list[list[str]]:
    return list(csv.reader(DATA.open()))


def test_before_the_first_approval_the_api_says_what_to_do(platform: Platform) -> None:
    assert platform.before_release.startswith("HTTP 503: No model is served yet")
    assert "mlp train spam" in platform.before_release


def test_a_run_registers_a_version_that_waits_for_approval(platform: Platform) -> None:
    figures = record_of(platform.environment, platform.first).metrics
    assert figures["accuracy"] > 0.85 > figures["baseline_accuracy"]
    package = platform.client("sagemaker").describe_model_package(ModelPackageName=platform.first.arn)
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"


def test_a_models_artifact_is_encrypted_with_the_platforms_key(platform: Platform) -> None:
    package = platform.client("sagemaker").describe_model_package(ModelPackageName=platform.first.arn)
    bucket, _, key = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"].removeprefix("s3://").partition("/")
    assert platform.client("s3").head_object(Bucket=bucket, Key=key)["ServerSideEncryption"] == "aws:kms"


@pytest.fixture(scope="module")
def latest(platform: Platform) -> None:
    """The latest run is a good one, on the model's own data."""
    platform.train(InputData=f"s3://{platform.data}/datasets/{MODEL}/raw/version=1/")


@pytest.mark.parametrize("part", ["prepare", "train", "evaluate"])
def test_the_jobs_logs_can_be_read(platform: Platform, latest: None, part: str) -> None:
    expected = {"prepare": "test: 903 rows", "train": "trained on 3698 rows", "evaluate": "baseline_accuracy"}[part]
    assert any(expected in line for line in logs.lines(platform.environment, MODEL, part, follow=False))


def test_shuffled_labels_miss_the_gate_and_register_nothing(platform: Platform) -> None:
    header, *body = rows()
    labels = [row[-1] for row in body]
    random.Random(1).shuffle(labels)
    before = len(registry.versions(platform.environment, MODEL))
    table = [header, *([*row[:-1], label] for row, label in zip(body, labels, strict=True))]
    with (
        uploaded(platform, "shuffled", table) as uri,
        pytest.raises(Failed, match=r"gate-missed: the model misses its gate: accuracy 0\.\d+ is below 0\.85"),
    ):
        platform.train(InputData=uri)
    assert len(registry.versions(platform.environment, MODEL)) == before


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("words", lambda t: [*t[:3], ["x" if i == 1 else v for i, v in enumerate(t[3])], *t[4:]], "row 4, column dollar: 'x'"),
        ("columns", lambda t: [row[1:] for row in t], "data.csv: the header (row 1) lacks 'crl_tot'"),
        ("oneclass", lambda t: [t[0], *(row for row in t[1:] if row[-1] == "y")], "column yesno: 'y' 1813 times, 'n' 0 times"),
    ],
)
def test_bad_data_stops_before_training_with_its_place(platform: Platform, name, change, message) -> None:
    with uploaded(platform, name, change(rows())) as uri, pytest.raises(Failed) as caught:
        platform.train(InputData=uri)
    assert "prepare: AlgorithmError: prepare: " in str(caught.value) and message in str(caught.value)


def test_data_of_another_model_is_refused(platform: Platform) -> None:
    platform.client("s3").put_object(Bucket=platform.data, Key="datasets/secret/raw/data.csv", Body=b"a\n1")
    with pytest.raises(Failed, match="Data download failed: AccessDenied"):
        platform.train(InputData=f"s3://{platform.data}/datasets/secret/raw/")


def job(platform: Platform, name: str, **changes) -> dict:
    sagemaker = platform.client("sagemaker")
    latest = sagemaker.list_training_jobs(StatusEquals="Completed", SortOrder="Descending", MaxResults=1)["TrainingJobSummaries"][
        0
    ]
    template = sagemaker.describe_training_job(TrainingJobName=latest["TrainingJobName"])
    keys = ("AlgorithmSpecification", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "RoleArn", "HyperParameters")
    parameters = {key: template[key] for key in keys} | {"StoppingCondition": {"MaxRuntimeInSeconds": 600}}
    sagemaker.create_training_job(TrainingJobName=name, **{**parameters, **changes})
    return parameters


def ended(platform: Platform, name: str) -> dict:
    def settled() -> dict | None:
        found = platform.client("sagemaker").describe_training_job(TrainingJobName=name)
        return found if found["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

    return wait_for(settled)


def test_a_script_that_raises_shows_its_message_as_the_reason(platform: Platform) -> None:
    latest = platform.client("sagemaker").list_training_jobs(StatusEquals="Completed", SortOrder="Descending", MaxResults=1)[
        "TrainingJobSummaries"
    ][0]
    template = platform.client("sagemaker").describe_training_job(TrainingJobName=latest["TrainingJobName"])
    job(platform, "raises", HyperParameters={**template["HyperParameters"], "max-iter": "-1"})
    found = ended(platform, "raises")
    assert found["TrainingJobStatus"] == "Failed"
    assert "AlgorithmError" in found["FailureReason"] and "The 'max_iter' parameter" in found["FailureReason"]
    assert "exit code: 1" in found["FailureReason"]


def test_an_image_that_cannot_run_here_is_named_in_the_reason(platform: Platform) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-cpu-py312"
    job(platform, "elsewhere", AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    found = ended(platform, "elsewhere")
    assert found["TrainingJobStatus"] == "Failed"
    assert f"no equivalent of image {image}" in found["FailureReason"]


def test_two_instances_train_and_leave_one_artifact(platform: Platform) -> None:
    job(platform, "distributed", ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1})
    found = ended(platform, "distributed")
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    streams = platform.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="distributed/"
    )["logStreams"]
    assert sorted(stream["logStreamName"].split("/")[1][:6] for stream in streams) == ["algo-1", "algo-2"]


def test_a_job_can_be_stopped_and_its_name_is_taken(platform: Platform) -> None:
    job(platform, "stopped")
    sagemaker = platform.client("sagemaker")
    with pytest.raises(ClientError, match="ResourceInUse"):
        job(platform, "Stopped")
    time.sleep(0.5)
    sagemaker.stop_training_job(TrainingJobName="stopped")
    assert ended(platform, "stopped")["TrainingJobStatus"] == "Stopped"


def test_a_job_beyond_its_limit_is_stopped(platform: Platform) -> None:
    job(platform, "toolong", StoppingCondition={"MaxRuntimeInSeconds": 1})
    found = ended(platform, "toolong")
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_run_can_be_stopped(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker")
    arn = training.start(platform.environment, MODEL)
    wait_for(lambda: sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"])
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="x" * 36)
    with pytest.raises(Failed, match="The run stopped"):
        training.follow(platform.environment, arn)


def test_the_same_token_starts_nothing_twice(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker")
    asked = {
        "PipelineName": "mlp-local-spam",
        "PipelineParameters": [
            {"Name": "InputData", "Value": f"s3://{platform.data}/datasets/{MODEL}/raw/version=1/"},
            {"Name": "CompareWith", "Value": "none"},
        ],
        "ClientRequestToken": "once" * 10,
    }
    arns = {sagemaker.start_pipeline_execution(**asked)["PipelineExecutionArn"] for _ in range(2)}
    assert len(arns) == 1
    training.follow(platform.environment, arns.pop())


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.big", "InstanceCount": 1, "VolumeSizeInGB": 1}},
            "ValidationException",
            "enum",
        ),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/there-is-no-such-role"}, "ValidationException", "Could not assume role"),
        ({"OutputDataConfig": {"S3OutputPath": "somewhere"}}, "ValidationException", "regular expression pattern"),
    ],
)
def test_wrong_requests_are_refused_as_on_aws(platform: Platform, changes, code, message) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        job(platform, "wrong", **changes)
    assert caught.value.response["Error"]["Code"] == code


def test_operations_that_are_not_there_say_so(deployed: Platform) -> None:
    with pytest.raises(ClientError, match="does not offer sagemaker:ListDomains; AWS does"):
        deployed.client("sagemaker").list_domains()
    assert REGION in deployed.client("sagemaker").meta.region_name
