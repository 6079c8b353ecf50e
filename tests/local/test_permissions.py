"""Each role does its duty and is refused what is not its duty."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ACCOUNT, MODEL, REGION, Platform

ROLES = {
    "prepare": ("Training", MODEL, "TrainingRolesPrepare"),
    "train": ("Training", MODEL, "TrainingRolesTrain"),
    "evaluate": ("Training", MODEL, "TrainingRolesEvaluate"),
    "pipeline": ("Training", MODEL, "TrainingRolesPipeline"),
    "model": ("Serving", MODEL, "ModelRole"),
    "release": ("Serving", MODEL, "ReleaseRole"),
    "predict": ("Serving", MODEL, "PredictionPredict"),
    "promote": ("Automation", None, "PromotionPromote"),
    "gate": ("Automation", None, "GateRole"),
}
DENIED = ("AccessDenied", "AccessDeniedException", "403", "AuthorizationError")

FIRST = {"data": "datasets", "artifacts": "models"}
"""First segment of the keys in a bucket."""


def read(bucket: str, key: str) -> Callable:
    return lambda p, c: c("s3").get_object(Bucket=getattr(p, bucket), Key=f"{FIRST[bucket]}/{MODEL}/{key}")


def write(bucket: str, key: str) -> Callable:
    return lambda p, c: c("s3").put_object(Bucket=getattr(p, bucket), Key=f"{FIRST[bucket]}/{MODEL}/{key}", Body=b"x")


def erase(bucket: str, key: str) -> Callable:
    return lambda p, c: c("s3").delete_object(Bucket=getattr(p, bucket), Key=f"{FIRST[bucket]}/{MODEL}/{key}")


def pass_role(role: str) -> Callable:
    """Create a processing job, whose last obstacle is the right to pass `role`."""

    def call(p: Platform, c: Callable) -> None:
        c("sagemaker").create_processing_job(
            ProcessingJobName=f"pipelines-{role}-{abs(hash((role, id(c)))) % 10**9}",
            ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
            AppSpecification={"ImageUri": "x/sagemaker-scikit-learn:1.9-0-cpu-py3", "ContainerEntrypoint": ["true"]},
            RoleArn=p.role_arn(*ROLES[role]),
        )

    return call


def invoke(endpoint: str) -> Callable:
    sample = b'{"instances": [{"crl_tot": 1, "dollar": 0, "bang": 0, "money": 0, "n000": 0, "make": 0}]}'
    return lambda p, c: c("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=sample)


def update_stack(stack: str, role: str | None) -> Callable:
    def call(p: Platform, c: Callable) -> None:
        extra = {"RoleARN": p.role_arn(*ROLES[role])} if role else {}
        try:
            c("cloudformation").update_stack(
                StackName=stack,
                UsePreviousTemplate=True,
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[{"ParameterKey": "ModelPackageArn", "UsePreviousValue": True}] if "Serving" in stack else [],
                **extra,
            )
        except ClientError as error:
            if "No updates" not in str(error):
                raise

    return call


def sagemaker(operation: str, **parameters) -> Callable:
    return lambda p, c: getattr(c("sagemaker"), operation)(**parameters)


MODEL_REQUEST = {"ModelName": "theirs", "ExecutionRoleArn": "arn:aws:iam::000000000000:role/some-role-of-the-account"}
CONTAINER = {"Image": "x/y:1", "ModelDataUrl": "s3://b/k.tar.gz"}
MAY = [
    ("prepare", "read raw data", read("data", "raw/version=1/spam7.csv")),
    ("prepare", "write the training set", write("artifacts", "train/t/x")),
    ("prepare", "write the test set", write("artifacts", "test/t/x")),
    ("train", "read the training set", read("artifacts", "train/t/x")),
    ("train", "write a model", write("artifacts", "model/t/x")),
    ("evaluate", "read the test set", read("artifacts", "test/t/x")),
    ("evaluate", "read a model", read("artifacts", "model/t/x")),
    ("evaluate", "write an evaluation", write("artifacts", "evaluation/t/x")),
    ("pipeline", "read an evaluation", read("artifacts", "evaluation/t/x")),
    ("pipeline", "pass the role that prepares", pass_role("prepare")),
    ("pipeline", "ask the gate", lambda p, c: c("lambda").invoke(FunctionName="mlp-local-gate", Payload=b"{}")),
    ("gate", "read an evaluation", read("artifacts", "evaluation/t/x")),
    ("gate", "write its verdict", write("artifacts", "evaluation/t/gate.json")),
    ("gate", "list versions", sagemaker("list_model_packages", ModelPackageGroupName="mlp-local-spam")),
    (
        "gate",
        "see what a serving stack serves",
        lambda p, c: c("cloudformation").describe_stacks(StackName="mlp-local-Serving-spam"),
    ),
    ("model", "read a model", read("artifacts", "model/t/x")),
    ("model", "write captured data", write("artifacts", "capture/t/x")),
    ("predict", "invoke its endpoint", invoke("mlp-local-spam")),
    ("promote", "invoke the endpoint for the smoke test", invoke("mlp-local-spam")),
    ("promote", "list versions", sagemaker("list_model_packages", ModelPackageGroupName="mlp-local-spam")),
    ("promote", "describe the endpoint", sagemaker("describe_endpoint", EndpointName="mlp-local-spam")),
    ("promote", "update the serving stack under its release role", update_stack("mlp-local-Serving-spam", "release")),
    ("release", "describe the endpoint", sagemaker("describe_endpoint", EndpointName="mlp-local-spam")),
]
MAY_NOT = [
    ("prepare", "read a model", read("artifacts", "model/t/x")),
    ("prepare", "write raw data", write("data", "raw/x")),
    ("prepare", "delete raw data", erase("data", "raw/version=1/spam7.csv")),
    ("prepare", "read another model's data", lambda p, c: c("s3").get_object(Bucket=p.data, Key="datasets/other/raw/x")),
    ("train", "read raw data", read("data", "raw/version=1/spam7.csv")),
    ("train", "read the test set", read("artifacts", "test/t/x")),
    ("train", "write an evaluation", write("artifacts", "evaluation/t/x")),
    ("train", "delete a model", erase("artifacts", "model/t/x")),
    ("evaluate", "write a model", write("artifacts", "model/t/x")),
    ("evaluate", "read raw data", read("data", "raw/version=1/spam7.csv")),
    ("pipeline", "ask another function", lambda p, c: c("lambda").invoke(FunctionName="mlp-local-promote", Payload=b"{}")),
    ("gate", "change an evaluation", write("artifacts", "evaluation/t/evaluation.json")),
    ("gate", "read a model", read("artifacts", "model/t/x")),
    ("gate", "read raw data", read("data", "raw/version=1/spam7.csv")),
    ("gate", "approve a version", lambda p, c: c("sagemaker").update_model_package(
        ModelPackageArn=p.first.arn, ModelApprovalStatus="Approved")),
    ("pipeline", "read raw data", read("data", "raw/version=1/spam7.csv")),
    ("pipeline", "pass the role that serves", pass_role("model")),
    ("pipeline", "pass itself", pass_role("pipeline")),
    ("pipeline", "approve a version", lambda p, c: c("sagemaker").update_model_package(
        ModelPackageArn=p.first.arn, ModelApprovalStatus="Approved")),
    ("pipeline", "spell the version otherwise", lambda p, c: c("sagemaker").update_model_package(
        ModelPackageArn=p.first.arn.replace("spam", "SPAM"), ModelApprovalStatus="Approved")),
    ("model", "write a model", write("artifacts", "model/t/x")),
    ("model", "read the training set", read("artifacts", "train/t/x")),
    ("model", "invoke an endpoint", invoke("mlp-local-spam")),
    ("predict", "invoke another endpoint", invoke("mlp-local-other")),
    ("predict", "read data", read("data", "raw/version=1/spam7.csv")),
    ("predict", "describe the endpoint", sagemaker("describe_endpoint", EndpointName="mlp-local-spam")),
    ("promote", "update the serving stack as itself", update_stack("mlp-local-Serving-spam", None)),
    ("promote", "update the serving stack under another role", update_stack("mlp-local-Serving-spam", "pipeline")),
    ("promote", "update another stack", update_stack("mlp-local-Foundation", "release")),
    ("promote", "approve a version", lambda p, c: c("sagemaker").update_model_package(
        ModelPackageArn=p.first.arn, ModelApprovalStatus="Approved")),
    ("promote", "create a model", sagemaker("create_model", **MODEL_REQUEST, PrimaryContainer=CONTAINER)),
    ("release", "create a model without the endpoint's tag", sagemaker("create_model", **MODEL_REQUEST, PrimaryContainer=CONTAINER)),
    ("release", "create a model with another endpoint's tag", sagemaker("create_model", **MODEL_REQUEST, PrimaryContainer=CONTAINER,
        Tags=[{"Key": "ml-platform:endpoint", "Value": "mlp-local-other"}])),
    ("release", "delete another endpoint", sagemaker("delete_endpoint", EndpointName="mlp-local-other")),
    ("release", "create a role", lambda p, c: c("iam").create_role(RoleName="x", AssumeRolePolicyDocument="{}")),
    ("release", "read data", read("data", "raw/version=1/spam7.csv")),
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def objects(platform: Platform) -> None:
    for kind in ("train", "test", "model", "evaluation"):
        platform.client("s3").put_object(Bucket=platform.artifacts, Key=f"models/{MODEL}/{kind}/t/x", Body=b"x")
    platform.client("s3").put_object(Bucket=platform.data, Key="datasets/other/raw/x", Body=b"x")


@pytest.mark.parametrize(("role", "duty", "call"), MAY, ids=[f"{role} may {duty}" for role, duty, _ in MAY])
def test_a_role_does_its_duty(platform: Platform, as_role, role, duty, call) -> None:
    call(platform, as_role(platform.role_arn(*ROLES[role])))


@pytest.mark.parametrize(("role", "deed", "call"), MAY_NOT, ids=[f"{role} may not {deed}" for role, deed, _ in MAY_NOT])
def test_a_role_is_refused_what_is_not_its_duty(platform: Platform, as_role, role, deed, call) -> None:
    with pytest.raises(ClientError) as caught:
        call(platform, as_role(platform.role_arn(*ROLES[role])))
    assert caught.value.response["Error"]["Code"] in DENIED, caught.value


def test_no_role_trusts_anybody_but_its_service(platform: Platform) -> None:
    iam = platform.client("iam")
    for place in ROLES.values():
        name = platform.role_arn(*place).rpartition("/")[2]
        document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        for statement in document["Statement"]:
            assert set(statement["Principal"]) == {"Service"}


def test_requests_that_are_not_signed_are_refused(platform: Platform) -> None:
    import urllib.error
    import urllib.request

    for headers in ({}, {"Authorization": "Bearer junk"}):
        request = urllib.request.Request(platform.url, data=b"{}", headers={"X-Amz-Target": "SageMaker.ListModels", **headers})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 403


def test_a_wrong_secret_is_refused(platform: Platform) -> None:
    import boto3

    session = boto3.Session("test", "wrong", region_name=REGION)
    for service, call in (("sagemaker", "list_models"), ("s3", "list_buckets"), ("cloudformation", "list_stacks")):
        with pytest.raises(ClientError, match=r"[Ss]ignature"):
            getattr(session.client(service, endpoint_url=platform.url), call)()


def test_a_deleted_stacks_role_is_not_inherited_by_a_new_stack_of_its_name(platform: Platform) -> None:
    cloudformation, iam = platform.client("cloudformation"), platform.client("iam")
    statement = {"Effect": "Allow", "Action": ["cloudformation:*"], "Resource": "*"}
    iam.create_user(UserName="low")
    iam.put_user_policy(
        UserName="low", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    key = iam.create_access_key(UserName="low")["AccessKey"]
    import boto3

    low = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION).client(
        "cloudformation", endpoint_url=platform.url
    )
    group = {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": "inherited"}}
    template = json.dumps({"Resources": {"Group": group}})
    powerful = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-{REGION}"
    cloudformation.create_stack(StackName="theirs", TemplateBody=template, RoleARN=powerful)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="theirs", WaiterConfig={"Delay": 1})
    cloudformation.delete_stack(StackName="theirs")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="theirs", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match="iam:PassRole"):
        low.create_stack(StackName="theirs", TemplateBody=template, RoleARN=powerful)
    low.create_stack(StackName="theirs", TemplateBody=template)
    events = cloudformation.describe_stack_events
    from tests.local.conftest import wait_for

    wait_for(lambda: any(e["ResourceStatus"] == "ROLLBACK_COMPLETE" for e in events(StackName="theirs")["StackEvents"]))
    reasons = [e.get("ResourceStatusReason", "") for e in events(StackName="theirs")["StackEvents"]]
    assert any("not authorized to perform: sagemaker:CreateModelPackageGroup" in reason for reason in reasons)
