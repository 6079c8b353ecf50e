"""The unchanged SDK in a notebook: ModelTrainer, ModelBuilder, invoke.

What the SDK asked for is read from AWS, with root's eyes.
"""

import json
import time
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from deployed import REGION, Deployed
from in_notebook import EXPIRES_TAG, TAGS, Notebook

if TYPE_CHECKING:
    from sagemaker.core.resources import Endpoint, Model, TrainingJob

SHOUTING, PLAIN = [0.5, 1.5], [0, 0]
"""Share of dollar and exclamation marks: an e-mail that is spam, and one that is not."""


@dataclass(frozen=True)
class Served:
    """What `ModelBuilder` has made of the artifact."""

    model: "Model"
    endpoint: "Endpoint"


@pytest.fixture(scope="module")
def served(notebook: Notebook, person: ModuleType, trained: "TrainingJob") -> Served:
    builder = person.model_builder(trained.model_artifacts.s3_model_artifacts, **notebook.builder())
    model = builder.build(model_name=person.unique())
    endpoint = builder.deploy(endpoint_name=person.unique(), instance_type="ml.m5.large", wait=False, **notebook.endpoint())
    # `wait=True` looks every 30 seconds only.
    endpoint.wait_for_status("InService", poll=1, timeout=60)
    return Served(model, endpoint)


def test_own_code_trains_and_what_it_learnt_answers(served: Served) -> None:
    answer = served.endpoint.invoke(body=json.dumps({"instances": [SHOUTING, PLAIN]}), content_type="application/json")
    assert json.loads(answer.body.read()) == {"depth": 3, "spam": [True, False]}


def test_role_and_place_of_a_training_job_come_from_the_defaults_file(
    deployed: Deployed, notebook: Notebook, trained: "TrainingJob"
) -> None:
    job = deployed.client("sagemaker").describe_training_job(TrainingJobName=trained.training_job_name)
    assert job["RoleArn"] == notebook.job_role_arn
    staged = [c["DataSource"]["S3DataSource"]["S3Uri"] for c in job["InputDataConfig"] if c["ChannelName"] != "train"]
    place = f"s3://{notebook.artifacts}/notebooks/demo/jobs/tree/{trained.training_job_name}/input"
    assert sorted(staged) == [f"{place}/code", f"{place}/sm_drivers"]


def test_keys_and_tags_of_a_training_job_are_those_that_were_passed(
    deployed: Deployed, notebook: Notebook, trained: "TrainingJob"
) -> None:
    job = deployed.client("sagemaker").describe_training_job(TrainingJobName=trained.training_job_name)
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == notebook.key_arn
    assert job["OutputDataConfig"]["KmsKeyId"] == notebook.key_arn
    assert deployed.tags(job["TrainingJobArn"]) == TAGS


def test_the_staged_code_is_encrypted_with_the_platforms_key(
    deployed: Deployed, notebook: Notebook, trained: "TrainingJob"
) -> None:
    key = f"notebooks/demo/jobs/tree/{trained.training_job_name}/input/code/train.py"
    staged = deployed.client("s3").head_object(Bucket=notebook.artifacts, Key=key)
    assert staged["SSEKMSKeyId"] == notebook.key_arn


def test_tags_and_key_of_what_serves_come_from_the_defaults_file(deployed: Deployed, notebook: Notebook, served: Served) -> None:
    sagemaker = deployed.client("sagemaker")
    model = sagemaker.describe_model(ModelName=served.model.model_name)
    endpoint = sagemaker.describe_endpoint(EndpointName=served.endpoint.endpoint_name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    assert config["KmsKeyId"] == notebook.key_arn
    assert deployed.tags(model["ModelArn"]) == TAGS
    for arn in (config["EndpointConfigArn"], endpoint["EndpointArn"]):
        tags = deployed.tags(arn)
        assert tags.pop(EXPIRES_TAG) > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert tags == TAGS


def test_the_sdk_still_drops_tags_and_keys_of_training_jobs_that_a_defaults_file_gives(
    deployed: Deployed, notebook: Notebook, person: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it does not any more, the defaults file can say them, and nobody needs to pass them."""
    # To whoever may simulate policies, as root may, the SDK refuses every role that has less than it would give itself.
    monkeypatch.setenv("SAGEMAKER_VALIDATE_ROLE", "false")
    tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
    config = {
        "SchemaVersion": "1.0",
        "SageMaker": {
            "PythonSDK": {"Modules": {"TelemetryOptOut": True}},
            "TrainingJob": {
                "RoleArn": notebook.job_role_arn,
                "Tags": tags,
                "OutputDataConfig": {"KmsKeyId": notebook.key_arn},
                "ResourceConfig": {"VolumeKmsKeyId": notebook.key_arn},
                "VpcConfig": {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]},
            },
        },
    }
    root = deployed.session
    session = person.Session(boto_session=root, sagemaker_config=config, default_bucket=notebook.artifacts)
    trainer = person.model_trainer(sagemaker_session=session)
    trainer.train(input_data_config=[person.channel(deployed.data)], wait=False)
    job = deployed.client("sagemaker").describe_training_job(TrainingJobName=trainer._latest_training_job.training_job_name)
    assert job["RoleArn"] == notebook.job_role_arn
    assert deployed.tags(job["TrainingJobArn"]) == {}
    assert "VolumeKmsKeyId" not in job["ResourceConfig"]
    assert not job["OutputDataConfig"].get("KmsKeyId")
    assert "VpcConfig" not in job


def test_everything_can_be_removed_with_the_sdk(deployed: Deployed, person: ModuleType, served: Served) -> None:
    name = served.endpoint.endpoint_name
    config = person.EndpointConfig.get(endpoint_config_name=served.endpoint.endpoint_config_name)
    served.endpoint.delete()
    config.delete()
    served.model.delete()
    sagemaker = deployed.client("sagemaker")
    deadline = time.monotonic() + 30
    while any(e["EndpointName"] == name for e in sagemaker.list_endpoints()["Endpoints"]) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert name not in [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]]
    assert name not in [c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    assert served.model.model_name not in [m["ModelName"] for m in sagemaker.list_models()["Models"]]


def test_without_the_opt_out_the_sdk_would_report_to_aws_and_goes_on_where_it_cannot(
    person: ModuleType, notebook: Notebook, asked_outside: list[str]
) -> None:
    before = list(asked_outside)
    place = {"default_bucket": notebook.artifacts, "default_bucket_prefix": "notebooks/demo/jobs"}
    session = person.Session(sagemaker_config={"SchemaVersion": "1.0"}, **place)
    person.model_trainer(role=notebook.job_role_arn, sagemaker_session=session).train(dry_run=True)
    deadline = time.monotonic() + 20
    while asked_outside == before and time.monotonic() < deadline:
        time.sleep(0.1)
    reported = set(asked_outside[len(before) :])
    asked_outside[len(before) :] = []
    assert reported == {f"sm-pysdk-t-{REGION}.s3.{REGION}.amazonaws.com"}


def test_the_sdk_has_asked_nobody_but_the_platform(asked_outside: list[str], served: Served) -> None:
    assert asked_outside == []
