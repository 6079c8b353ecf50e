"""Events of SageMaker's resources, as a rule on the default bus and a queue see them, one for each state and in order."""

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.conftest import ACCOUNT, REGION, wait_for
from tests.local.embedded_aws import EmbeddedAws, make_role, running

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
SERVE = """
def model_fn(folder):
    return folder

def predict_fn(data, model):
    return data
"""
MILLISECONDS = 1_700_000_000_000
TAGS = [{"Key": "team", "Value": "one"}]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with running(tmp_path_factory.mktemp("events"), EmbeddedAws) as found:
        queue = found.client("sqs").create_queue(QueueName="told", Attributes={"VisibilityTimeout": "0"})
        assert queue["QueueUrl"]
        found.client("events").put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
        target = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:told"}
        found.client("events").put_targets(Rule="all", Targets=[target])
        found.client("s3").create_bucket(Bucket="ours")
        yield found


@pytest.fixture(scope="module")
def role(aws: EmbeddedAws) -> str:
    return make_role(aws, "all", {"Action": ["s3:*", "logs:*"], "Resource": "*"})


@pytest.fixture(scope="module")
def told(aws: EmbeddedAws) -> list[dict[str, Any]]:
    """Events so far, in the order in which they came."""
    return []


def read(aws: EmbeddedAws, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read what has come since."""
    sqs = aws.client("sqs")
    queue = sqs.get_queue_url(QueueName="told")["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            told.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return told


def of(events: list[dict[str, Any]], subject: str, resource: str) -> list[dict[str, Any]]:
    """Return the details of one resource's events of a kind."""
    name = f"SageMaker {subject} State Change"
    return [e["detail"] for e in events if e["detail-type"] == name and e["resources"][0].endswith(f"/{resource}")]


def archive(**files: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/") + ".py")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def in_service(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    describe = aws.client("sagemaker").describe_endpoint
    return wait_for(lambda: (d := describe(EndpointName=name))["EndpointStatus"] in ("InService", "Failed") and d, every=0.1)


def test_models_and_configurations_are_told_of_when_they_are_made_and_without_tags_when_they_go(
    aws: EmbeddedAws, role: str, told: list[dict[str, Any]]
) -> None:
    sagemaker = aws.client("sagemaker")
    aws.client("s3").put_object(Bucket="ours", Key="model.tar.gz", Body=archive(code__inference=SERVE))
    container = {"Image": IMAGE, "ModelDataUrl": "s3://ours/model.tar.gz"}
    container["Environment"] = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    variant = {"VariantName": "v", "InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}
    for name in ("kept", "gone"):
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role, Tags=TAGS)
        variants = [{**variant, "ModelName": name}]
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, Tags=TAGS)
    sagemaker.delete_endpoint_config(EndpointConfigName="gone")
    sagemaker.delete_model(ModelName="gone")
    events = read(aws, told)
    made, deleted = of(events, "Model", "gone")
    assert made["PrimaryContainer"]["Image"] == IMAGE
    assert made["ExecutionRoleArn"] == role
    assert made["CreationTime"] > MILLISECONDS
    assert (made["Tags"], deleted["Tags"]) == ({"team": "one"}, {})
    made, deleted = of(events, "Endpoint Config", "gone")
    assert made["ProductionVariants"][0]["ModelName"] == "gone"
    assert (made["Tags"], deleted["Tags"]) == ({"team": "one"}, {})
    assert len(of(events, "Model", "kept")) == len(of(events, "Endpoint Config", "kept")) == 1


def test_an_endpoint_is_told_of_in_every_state_and_its_deployment_at_every_stage(
    aws: EmbeddedAws, told: list[dict[str, Any]]
) -> None:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="kept", Tags=TAGS)
    assert in_service(aws, "e")["EndpointStatus"] == "InService"
    canary = {"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 60}
    policy = {"TrafficRoutingConfiguration": canary, "TerminationWaitInSeconds": 120}
    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="kept", DeploymentConfig={"BlueGreenUpdatePolicy": policy})
    describe = sagemaker.describe_endpoint
    pending = wait_for(lambda: describe(EndpointName="e").get("PendingDeploymentSummary"), every=0.05)
    assert pending["EndpointConfigName"] == "kept"
    assert pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Creating"
    assert "PendingDeploymentSummary" not in in_service(aws, "e")

    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="e", DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredInstanceCount": 1}]
    )
    with pytest.raises(sagemaker.exceptions.ClientError, match="Each variant can be named once"):
        in_service(aws, "e")
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="e", DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredWeight": 1.0}] * 2
        )
    sagemaker.delete_endpoint(EndpointName="e")
    states = wait_for(lambda: (d := of(read(aws, told), "Endpoint", "e"))[-1]["EndpointStatus"] == "DELETED" and d, every=0.1)
    assert [detail["EndpointStatus"] for detail in states] == [
        *("CREATING", "IN_SERVICE"),
        *("UPDATING", "IN_SERVICE"),
        *("UPDATING", "IN_SERVICE"),
        *("DELETING", "DELETED"),
    ]
    assert states[1]["Tags"] == {"team": "one"}
    assert states[1]["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert states[5]["ProductionVariants"][0]["CurrentInstanceCount"] == 1

    *rollout, capacity = of(told, "Endpoint Deployment", "e")
    stages = [detail["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0] for detail in rollout]
    assert [(stage["Status"], stage["StatusMessage"]) for stage in stages] == [
        ("Creating", "Launching 2 instance(s)."),
        ("ActivatingTraffic", "Activating traffic on canary capacity of 1 instance(s)."),
        ("Baking", "Baking for 60 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s)."),
        ("ActivatingTraffic", "Activating traffic on full capacity of 2 instance(s)."),
        ("Baking", "Baking for 120 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 2 instance(s)."),
        ("Deleting", "Terminating 2 instance(s)."),
    ]
    assert {detail["EndpointStatus"] for detail in rollout} == {"UPDATING"}
    [stage] = capacity["ProductionVariants"][0]["VariantStatus"]
    assert (stage["Status"], stage["StatusMessage"]) == ("Updating", "Scaling in desired instance count to 1.")


def test_a_job_is_told_of_from_its_start_and_a_training_job_at_every_step(
    aws: EmbeddedAws, role: str, told: list[dict[str, Any]]
) -> None:
    sagemaker = aws.client("sagemaker")
    sagemaker.create_processing_job(
        ProcessingJobName="fails",
        AppSpecification={"ImageUri": "other:1"},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
        RoleArn=role,
    )
    sagemaker.create_training_job(
        TrainingJobName="trains",
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "-c", "print('done')"],
        },
        OutputDataConfig={"S3OutputPath": "s3://ours/out"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        RoleArn=role,
        Tags=TAGS,
    )
    describe = sagemaker.describe_training_job
    ended = wait_for(lambda: (d := describe(TrainingJobName="trains"))["TrainingJobStatus"] != "InProgress" and d, every=0.1)
    steps = ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [step["Status"] for step in ended["SecondaryStatusTransitions"]] == steps
    details = wait_for(lambda: len(d := of(read(aws, told), "Training Job", "trains")) == len(steps) and d, every=0.1)
    assert [detail["SecondaryStatus"] for detail in details] == steps
    assert [detail["TrainingJobStatus"] for detail in details] == ["InProgress"] * 4 + ["Completed"]
    assert details[-1]["SecondaryStatusTransitions"][0]["EndTime"] > MILLISECONDS
    assert details[0]["Tags"] == {"team": "one"}
    started, failed = wait_for(lambda: len(d := of(read(aws, told), "Processing Job", "fails")) == 2 and d, every=0.1)
    assert (started["ProcessingJobStatus"], failed["ProcessingJobStatus"]) == ("InProgress", "Failed")
    assert failed["FailureReason"]


def test_an_execution_is_told_of_from_its_start_with_what_its_steps_run_and_why_they_failed(
    aws: EmbeddedAws, told: list[dict[str, Any]]
) -> None:
    sagemaker = aws.client("sagemaker")
    trusted = {"Service": "sagemaker.amazonaws.com"}
    everything = {"Action": ["sagemaker:*", "iam:PassRole", "s3:*", "logs:*"], "Resource": "*"}
    role = make_role(aws, "pipelines", everything, principal=trusted)
    step = {
        "Name": "Look",
        "Type": "Processing",
        "Arguments": {
            "AppSpecification": {"ImageUri": "other:1"},
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
            "RoleArn": role,
        },
    }
    definition = json.dumps({"Version": "2020-12-01", "Steps": [step]})
    sagemaker.create_pipeline(PipelineName="p", PipelineDefinition=definition, RoleArn=role, ClientRequestToken="t" * 32)
    arn = sagemaker.start_pipeline_execution(PipelineName="p", ClientRequestToken="s" * 32)["PipelineExecutionArn"]
    describe = sagemaker.describe_pipeline_execution
    wait_for(lambda: describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Failed", every=0.1)
    events = wait_for(lambda: len(e := [event for event in read(aws, told) if arn in event["resources"]]) == 4 and e, every=0.1)
    begun, step_begun, step_failed, failed = [event["detail"] for event in events]
    assert begun["currentPipelineExecutionStatus"] == step_begun["currentStepStatus"] == "Executing"
    assert "previousPipelineExecutionStatus" not in begun
    assert "executionEndTime" not in begun
    assert (step_failed["previousStepStatus"], step_failed["currentStepStatus"]) == ("Executing", "Failed")
    assert ":processing-job/" in step_failed["metadata"]["processingJob"]["arn"]
    assert step_failed["failureReason"]
    assert (failed["previousPipelineExecutionStatus"], failed["currentPipelineExecutionStatus"]) == ("Executing", "Failed")
    assert failed["executionEndTime"]
