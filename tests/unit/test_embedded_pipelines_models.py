"""Model steps, registrations without a group, and the nulls that SDKs write for what they do not set."""

import json
from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.sagemaker.pipelines.definition import parse
from tests.unit.pipelines_bench import MODEL, Bench
from tests.unit.pipelines_steps import definition, get, model, processing, register, training


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_model_step_makes_a_model_of_what_was_trained_and_later_steps_know_it(bench: Bench) -> None:
    bench.training.describes = {"ModelArtifacts": {"S3ModelArtifacts": "s3://b/trained.tar.gz"}}
    bench.create(
        training("t"),
        model("m", get("Steps.t.ModelArtifacts.S3ModelArtifacts"), Tags=[{"Key": "team", "Value": "one"}]),
        processing("p", environment={"MODEL": get("Steps.m.ModelName"), "ARN": get("Steps.m.ModelArn")}),
    )
    arn = bench.start()
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    [made] = bench.models
    assert made["PrimaryContainer"]["ModelDataUrl"] == "s3://b/trained.tar.gz"
    assert made["ModelName"].startswith(f"pipelines-{arn[-12:]}-m-")
    assert made["Tags"] == [{"Key": "team", "Value": "one"}, {"Key": "sagemaker:pipeline-execution-arn", "Value": arn}]
    [(_, told)] = bench.processing.created
    assert told["Environment"]["MODEL"] == made["ModelName"]
    assert bench.steps(arn)["m"]["Metadata"] == {"Model": {"Arn": told["Environment"]["ARN"]}}


def test_a_model_that_could_not_be_made_is_refused_when_the_pipeline_is_created() -> None:
    with pytest.raises(ServiceError, match=r"Step 'm': Unknown parameter at 'primaryContainer\.imagine'"):
        parse(json.dumps(definition(model("m", PrimaryContainer={"Imagine": "i"}))), MODEL)


def test_a_package_without_a_group_is_registered_under_its_name(bench: Bench) -> None:
    step = register("r")
    del step["Arguments"]["ModelPackageGroupName"]
    step["Arguments"]["ModelPackageName"] = "mine"
    later = processing("p", environment={"ARN": get("Steps.r.ModelPackageArn")})
    assert bench.run(step, later)["PipelineExecutionStatus"] == "Succeeded"
    [(_, told)] = bench.processing.created
    assert told["Environment"]["ARN"].endswith(":model-package/mine")


def test_null_is_absent_wherever_an_sdk_writes_it(bench: Bench) -> None:
    nothing: dict[str, Any] = {"DependsOn": None, "CacheConfig": None, "RetryPolicies": None, "DisplayName": None}
    step = {**processing("p"), **nothing}
    step["Arguments"]["NetworkConfig"] = None
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] = None
    whole = {**definition(step), "MlflowConfig": None, "PipelineExperimentConfig": None}
    bench.call(
        "CreatePipeline",
        PipelineName="spam",
        RoleArn="arn:aws:iam::111122223333:role/pipeline",
        ClientRequestToken="t" * 32,
        PipelineDefinition=json.dumps(whole),
    )
    assert bench.ended(bench.start())["PipelineExecutionStatus"] == "Succeeded"
    [(_, told)] = bench.processing.created
    assert "NetworkConfig" not in told
    assert "VolumeKmsKeyId" not in told["ProcessingResources"]["ClusterConfig"]


def test_what_a_definition_may_have_on_aws_and_not_here_is_refused_by_name() -> None:
    whole = {**definition(processing("p")), "MlflowConfig": {"MlflowResourceArn": "arn"}}
    with pytest.raises(ServiceError, match="the embedded AWS does not offer MlflowConfig; AWS does"):
        parse(json.dumps(whole), MODEL)


def test_pipelines_and_executions_say_that_nobody_in_studio_made_them(bench: Bench) -> None:
    bench.create(processing("p"))
    arn = bench.start()
    for described in (bench.call("DescribePipeline", PipelineName="spam"), bench.described(arn)):
        assert (described["CreatedBy"], described["LastModifiedBy"]) == ({}, {})
