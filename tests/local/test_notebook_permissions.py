"""A notebook's two roles on the deployed platform: each right is used once, and what they lack is refused."""

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ACCOUNT, MODEL, REGION
from tests.local.notebook_platform import Notebooks
from tests.local.test_permissions import DENIED

ME, OTHER = "tab", "cell"
GROUP, SERVICE_GROUP = "/mlp-local/notebooks", "/aws/sagemaker/NotebookInstances"
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
NAMESPACE = "MLPlatform/Notebooks"
Clients = Callable[[str], Any]
Call = Callable[[Notebooks, Clients], object]


def tags(notebook: str = ME, **more: str) -> list[dict[str, str]]:
    found = {"ml-platform:notebook": notebook, "ml-platform:environment": "mlp-local", **more}
    return [{"Key": key, "Value": value} for key, value in found.items()]


EXPIRES = {"ml-platform:expires": "2030-01-01T00:00:00Z"}
IMAGE = f"683313688378.dkr.ecr.{REGION}.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"


def facts(n: Notebooks) -> dict[str, Any]:
    """What the lifecycle script has told the notebook of its platform."""
    found: dict[str, Any] = json.loads((n.home(ME).parents[1] / "opt/ml-platform/platform.json").read_text())
    return found


def train(**changes: Any) -> Call:
    def call(n: Notebooks, c: Clients) -> None:
        known = facts(n)
        key, compute = known["key_arn"], {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        request = {
            "TrainingJobName": f"job-{uuid.uuid4().hex[:8]}",
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": known["job_role_arn"],
            "OutputDataConfig": {"S3OutputPath": f"s3://{n.platform.artifacts}/notebooks/{ME}/jobs", "KmsKeyId": key},
            "ResourceConfig": {**compute, "VolumeKmsKeyId": key},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "Tags": tags(),
        }
        given = {name: change(n) if callable(change) else change for name, change in changes.items()}
        c("sagemaker").create_training_job(**{**request, **given})

    return call


def sagemaker(operation: str, **parameters: Any) -> Call:
    def call(n: Notebooks, c: Clients) -> None:
        given = {name: value(n) if callable(value) else value for name, value in parameters.items()}
        getattr(c("sagemaker"), operation)(**given)

    return call


def instance(operation: str, name: str = ME, **more: Any) -> Call:
    return sagemaker(operation, NotebookInstanceName=lambda n: n.instance(name), **more)


def s3(operation: str, bucket: str, key: str, **more: Any) -> Call:
    return lambda n, c: getattr(c("s3"), operation)(Bucket=getattr(n.platform, bucket), Key=key, **more)


def listed(bucket: str, prefix: str) -> Call:
    return lambda n, c: c("s3").list_objects_v2(Bucket=getattr(n.platform, bucket), Prefix=prefix)


def logs(operation: str, group: str, stream: Callable[[Notebooks], str], **more: Any) -> Call:
    return lambda n, c: getattr(c("logs"), operation)(logGroupName=group, logStreamName=stream(n), **more)


def model(**changes: Any) -> Call:
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://nowhere/notebooks/{ME}/m.tar.gz"}
    return sagemaker(
        "create_model",
        **{
            "ModelName": "mine",
            "ExecutionRoleArn": lambda n: facts(n)["job_role_arn"],
            "PrimaryContainer": container,
            "Tags": tags(),
            **changes,
        },
    )


def endpoint(name: str, given: list[dict[str, str]]) -> Call:
    return sagemaker("create_endpoint", EndpointName=name, EndpointConfigName="rights-config", Tags=given)


VARIANT = {"VariantName": "main", "ModelName": "no-such-model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
EVENT = [{"timestamp": 1, "message": "x"}]
DATUM = [{"MetricName": "Heartbeat", "Value": 1}]
PIPELINE = f"mlp-local-{MODEL}"


def run_of(n: Notebooks) -> str:
    runs = n.platform.client("sagemaker").list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]
    return str(runs[0]["PipelineExecutionArn"])


def version_of(n: Notebooks) -> str:
    found = n.platform.client("sagemaker").list_model_packages(ModelPackageGroupName=PIPELINE)["ModelPackageSummaryList"]
    return str(found[0]["ModelPackageArn"])


def key_of(n: Notebooks) -> str:
    return str(facts(n)["key_arn"])


def fetch_client(n: Notebooks, c: Clients) -> None:
    """Fetch what the lifecycle script fetches."""
    configs = n.platform.client("sagemaker").describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=n.instance(ME)
    )
    script = base64.b64decode(configs["OnStart"][0]["Content"]).decode()
    uri = json.loads(script.split("<<'SETTINGS'\n")[1].split("\nSETTINGS\n")[0])["bundle"]["uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    c("s3").get_object(Bucket=bucket, Key=key)


MAY: list[tuple[str, str, Call]] = [
    ("sagemaker:DescribeNotebookInstance", "look at itself", instance("describe_notebook_instance")),
    ("sagemaker:StopNotebookInstance", "stop itself", instance("stop_notebook_instance")),
    ("sagemaker:ListTags", "see its tags", sagemaker("list_tags", ResourceArn=lambda n: n.describe(ME)["NotebookInstanceArn"])),
    ("logs:CreateLogStream", "make its stream", logs("create_log_stream", SERVICE_GROUP, lambda n: f"{n.instance(ME)}/right")),
    ("logs:PutLogEvents", "write its stream", logs("put_log_events", GROUP, lambda n: n.instance(ME), logEvents=EVENT)),
    ("logs:CreateLogGroup", "make the service's group", lambda n, c: c("logs").create_log_group(logGroupName=SERVICE_GROUP)),
    ("logs:DescribeLogStreams", "find its jobs' streams", lambda n, c: c("logs").describe_log_streams(logGroupName=TRAINING_LOGS)),
    ("logs:GetLogEvents", "read a job's stream", logs("get_log_events", TRAINING_LOGS, lambda n: "any/algo-1")),
    ("cloudwatch:PutMetricData", "measure", lambda n, c: c("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=DATUM)),
    ("s3:PutObject", "write its own folder", s3("put_object", "artifacts", f"notebooks/{ME}/right", Body=b"x")),
    ("s3:GetObject", "read its own folder", s3("get_object", "artifacts", f"notebooks/{ME}/right")),
    ("s3:GetObject", "read its models' raw data", s3("get_object", "data", f"datasets/{MODEL}/raw/version=1/spam7.csv")),
    ("s3:GetObject", "fetch its client", fetch_client),
    ("s3:ListBucket", "list its own folder", listed("artifacts", f"notebooks/{ME}/")),
    ("s3:DeleteObject", "delete in its own folder", s3("delete_object", "artifacts", f"notebooks/{ME}/right")),
    ("s3:AbortMultipartUpload", "give an upload up", lambda n, c: c("s3").abort_multipart_upload(
        Bucket=n.platform.artifacts, Key=f"notebooks/{ME}/right", UploadId="none")),
    ("kms:DescribeKey", "see the key", lambda n, c: c("kms").describe_key(KeyId=key_of(n))),
    ("kms:GenerateDataKey", "encrypt", lambda n, c: c("kms").generate_data_key(KeyId=key_of(n), KeySpec="AES_256")),
    ("kms:Decrypt", "decrypt", lambda n, c: c("kms").decrypt(KeyId=key_of(n), CiphertextBlob=c("kms").generate_data_key(
        KeyId=key_of(n), KeySpec="AES_256")["CiphertextBlob"])),
    ("sagemaker:StartPipelineExecution", "train its model", sagemaker("start_pipeline_execution", PipelineName=PIPELINE, PipelineParameters=[{"Name": "InputData", "Value": "s3://x/datasets/spam/raw/"}], ClientRequestToken=lambda n: uuid.uuid4().hex)),
    ("sagemaker:DescribePipeline", "see its pipeline", sagemaker("describe_pipeline", PipelineName=PIPELINE)),
    ("sagemaker:ListPipelineExecutions", "see its runs", sagemaker("list_pipeline_executions", PipelineName=PIPELINE)),
    ("sagemaker:DescribePipelineExecution", "follow a run", sagemaker("describe_pipeline_execution", PipelineExecutionArn=run_of)),
    ("sagemaker:ListPipelineExecutionSteps", "see a run's steps", sagemaker("list_pipeline_execution_steps", PipelineExecutionArn=run_of)),
    ("sagemaker:ListPipelineParametersForExecution", "see what a run was started on", sagemaker(
        "list_pipeline_parameters_for_execution", PipelineExecutionArn=run_of)),
    ("sagemaker:DescribeModelPackageGroup", "see its group", sagemaker("describe_model_package_group", ModelPackageGroupName=PIPELINE)),
    ("sagemaker:ListModelPackages", "see its versions", sagemaker("list_model_packages", ModelPackageGroupName=PIPELINE)),
    ("sagemaker:DescribeModelPackage", "see a version", sagemaker("describe_model_package", ModelPackageName=version_of)),
    ("sagemaker:CreateTrainingJob sagemaker:AddTags iam:PassRole", "start a job", train()),
    ("sagemaker:CreateModel", "make a model", model()),
    ("sagemaker:CreateEndpointConfig", "make a configuration", sagemaker(
        "create_endpoint_config", EndpointConfigName="mine", ProductionVariants=[VARIANT], Tags=tags())),
    ("sagemaker:CreateEndpoint", "make an endpoint that expires", endpoint("mine", tags(**EXPIRES))),
    ("sagemaker:DescribeTrainingJob", "see its job", sagemaker("describe_training_job", TrainingJobName="rights-job")),
    ("sagemaker:StopTrainingJob", "stop its job", sagemaker("stop_training_job", TrainingJobName="rights-job")),
    ("sagemaker:DescribeModel", "see its model", sagemaker("describe_model", ModelName="rights-model")),
    ("sagemaker:DescribeEndpointConfig", "see its configuration", sagemaker("describe_endpoint_config", EndpointConfigName="rights-config")),
    ("sagemaker:DescribeEndpoint", "see its endpoint", sagemaker("describe_endpoint", EndpointName="rights-endpoint")),
    ("sagemaker:UpdateEndpoint", "change its endpoint", sagemaker("update_endpoint", EndpointName="rights-endpoint", EndpointConfigName="rights-config")),
    ("sagemaker:InvokeEndpoint", "ask its endpoint", lambda n, c: c("sagemaker-runtime").invoke_endpoint(EndpointName="rights-endpoint", Body=b"{}")),
    ("sagemaker:DeleteEndpoint", "delete its endpoint", sagemaker("delete_endpoint", EndpointName="rights-endpoint")),
    ("sagemaker:DeleteEndpointConfig", "delete its configuration", sagemaker("delete_endpoint_config", EndpointConfigName="rights-config")),
    ("sagemaker:DeleteModel", "delete its model", sagemaker("delete_model", ModelName="rights-model")),
    ("sagemaker:ListTrainingJobs", "list jobs", sagemaker("list_training_jobs")),
    ("sagemaker:ListModels", "list models", sagemaker("list_models")),
    ("sagemaker:ListEndpointConfigs", "list configurations", sagemaker("list_endpoint_configs")),
    ("sagemaker:ListEndpoints", "list endpoints", sagemaker("list_endpoints")),
]  # fmt: skip
NOT_TO_BE_TRIED = {"kms:CreateGrant"}
"""Only services may make such grants (kms:GrantIsForAWSResource); SageMaker does so for a job's disks."""

THEIRS = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000"
MAY_NOT: list[tuple[str, Call]] = [
    ("stop another notebook", instance("stop_notebook_instance", OTHER)),
    ("look at another notebook", instance("describe_notebook_instance", OTHER)),
    ("start itself", instance("start_notebook_instance")),
    ("delete itself", instance("delete_notebook_instance")),
    ("change itself", instance("update_notebook_instance", InstanceType="ml.p4d.24xlarge")),
    ("open another notebook", instance("create_presigned_notebook_instance_url", OTHER)),
    ("keep itself awake by tag", sagemaker("add_tags", ResourceArn=lambda n: n.describe(ME)["NotebookInstanceArn"], Tags=[
        {"Key": "ml-platform:keep-alive-until", "Value": "2030-01-01T00:00:00Z"}])),
    ("read another's folder", s3("get_object", "artifacts", f"notebooks/{OTHER}/secret")),
    ("write another's folder", s3("put_object", "artifacts", f"notebooks/{OTHER}/secret", Body=b"x")),
    ("list another's folder", listed("artifacts", f"notebooks/{OTHER}/")),
    ("list everything", listed("artifacts", "")),
    ("write raw data", s3("put_object", "data", f"datasets/{MODEL}/raw/x", Body=b"x")),
    ("read a test set", s3("get_object", "artifacts", f"models/{MODEL}/test/x")),
    ("write a model's artifact", s3("put_object", "artifacts", f"models/{MODEL}/model/x", Body=b"x")),
    ("pass its own role", train(RoleArn=lambda n: n.role(ME, "NotebookRole"))),
    ("pass another notebook's job role", train(RoleArn=lambda n: n.role(OTHER, "JobRole"))),
    ("start a job without tags", train(Tags=[])),
    ("start a job in another's name", train(Tags=tags(OTHER))),
    ("start a job whose disk has no key", train(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1})),
    ("start a job with another key", train(OutputDataConfig={"S3OutputPath": "s3://b/x", "KmsKeyId": THEIRS})),
    ("make a model without tags", model(Tags=[])),
    ("make an endpoint for ever", endpoint("forever", tags())),
    ("delete the platform's endpoint", sagemaker("delete_endpoint", EndpointName=PIPELINE)),
    ("ask the platform's endpoint", lambda n, c: c("sagemaker-runtime").invoke_endpoint(EndpointName=PIPELINE, Body=b"{}")),
    ("take the platform's endpoint over by tag", sagemaker(
        "add_tags", ResourceArn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{PIPELINE}", Tags=tags(**EXPIRES))),
    ("approve a version", sagemaker("update_model_package", ModelPackageArn=version_of, ModelApprovalStatus="Approved")),
    ("write another's log", logs("put_log_events", GROUP, lambda n: n.instance(OTHER), logEvents=EVENT)),
    ("publish metrics of others", lambda n, c: c("cloudwatch").put_metric_data(Namespace="Other", MetricData=DATUM)),
    ("make a role", lambda n, c: c("iam").create_role(RoleName="mine", AssumeRolePolicyDocument="{}")),
    ("change a stack", lambda n, c: c("cloudformation").delete_stack(StackName="mlp-local-Notebooks")),
]  # fmt: skip
JOBS_MAY_NOT: list[tuple[str, Call]] = [
    ("read another's folder", s3("get_object", "artifacts", f"notebooks/{OTHER}/secret")),
    ("write a model's artifact", s3("put_object", "artifacts", f"models/{MODEL}/model/x", Body=b"x")),
    ("delete in its notebook's folder", s3("delete_object", "artifacts", f"notebooks/{ME}/x")),
    ("stop its notebook", instance("stop_notebook_instance")),
    ("start a job", train()),
]


@pytest.fixture(scope="module", autouse=True)
def things(notebooks: Notebooks, trained: None) -> None:
    """Something of everything that carries the notebook's tags."""
    notebooks.start(ME)
    s3_client, root = notebooks.platform.client("s3"), notebooks.platform.client
    s3_client.put_object(Bucket=notebooks.platform.artifacts, Key=f"notebooks/{OTHER}/secret", Body=b"x")
    train(TrainingJobName="rights-job")(notebooks, root)
    artifact = f"notebooks/{ME}/m.tar.gz"
    s3_client.put_object(Bucket=notebooks.platform.artifacts, Key=artifact, Body=b"x")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{notebooks.platform.artifacts}/{artifact}"}
    model(ModelName="rights-model", PrimaryContainer=container)(notebooks, root)
    root("sagemaker").create_endpoint_config(
        EndpointConfigName="rights-config", ProductionVariants=[{**VARIANT, "ModelName": "rights-model"}], Tags=tags()
    )
    endpoint("rights-endpoint", tags(**EXPIRES))(notebooks, root)


def attempt(call: Call, notebooks: Notebooks, clients: Clients) -> str:
    """Return the code of the error that came of it; who is authorized may still be told that something is wrong."""
    try:
        call(notebooks, clients)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.fixture(scope="module")
def me(notebooks: Notebooks, as_role: Callable[[str], Clients]) -> Clients:
    return as_role(notebooks.role(ME, "NotebookRole"))


@pytest.mark.parametrize(("actions", "duty", "call"), MAY, ids=[f"may {duty}" for _, duty, _ in MAY])
def test_a_notebook_may(notebooks: Notebooks, me: Clients, actions: str, duty: str, call: Call) -> None:
    assert attempt(call, notebooks, me) not in DENIED


@pytest.mark.parametrize(("deed", "call"), MAY_NOT, ids=[f"may not {deed}" for deed, _ in MAY_NOT])
def test_a_notebook_is_refused(notebooks: Notebooks, me: Clients, deed: str, call: Call) -> None:
    assert attempt(call, notebooks, me) in DENIED


@pytest.mark.parametrize(("deed", "call"), JOBS_MAY_NOT, ids=[f"may not {deed}" for deed, _ in JOBS_MAY_NOT])
def test_a_notebooks_jobs_are_refused(notebooks: Notebooks, as_role: Callable[[str], Clients], deed: str, call: Call) -> None:
    assert attempt(call, notebooks, as_role(notebooks.role(ME, "JobRole"))) in DENIED


def test_every_right_of_a_notebook_has_been_used(notebooks: Notebooks) -> None:
    iam = notebooks.platform.client("iam")
    name, granted = notebooks.role(ME, "NotebookRole").rpartition("/")[2], set[str]()
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
        for statement in (json.loads(document) if isinstance(document, str) else document)["Statement"]:
            actions = statement["Action"]
            granted |= {actions} if isinstance(actions, str) else set(actions)
    assert granted - NOT_TO_BE_TRIED == {action for actions, _, _ in MAY for action in actions.split()}
