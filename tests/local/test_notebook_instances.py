"""Notebook instances of the embedded AWS, on a server of their own; a minute of platform time passes in a second there."""

import base64
import contextlib
import io
import json
import tarfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local_aws.sagemaker.notebooks import processes
from tests.local.conftest import ACCOUNT, CLOCK, ONE_TRY, REGION, wait_for
from tests.local.embedded_aws import EmbeddedAws, make_role, running

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
LOG_GROUP, JOB_LOG_GROUP = "/aws/sagemaker/NotebookInstances", "/aws/sagemaker/TrainingJobs"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
TYPE = "ml.t3.medium"
ON_CREATE = "#!/bin/bash\necho created >> /home/ec2-user/SageMaker/history.txt\n"
ON_START = """#!/bin/bash
set -e
echo started >> /home/ec2-user/SageMaker/history.txt
env > /home/ec2-user/SageMaker/environment.txt
/home/ec2-user/anaconda3/bin/python - > /home/ec2-user/SageMaker/facts.json <<'PYTHON'
import boto3, json, os, urllib.error, urllib.request
try:
    version_1 = urllib.request.urlopen("http://169.254.169.254/latest/meta-data/").status
except urllib.error.HTTPError as error:
    version_1 = error.code
metadata = json.load(open("/opt/ml/metadata/resource-metadata.json"))
print(json.dumps({"who": boto3.client("sts").get_caller_identity()["Arn"], "version_1": version_1, "metadata": metadata}))
PYTHON
nohup setsid sleep 1000 > /dev/null 2>&1 &
echo scratch > /home/ec2-user/scratch.txt
echo "the script has run"
"""


class Aws(EmbeddedAws):
    """An embedded AWS with notebook instances."""

    def config(self, name: str, **scripts: str) -> str:
        hooks = {key: [{"Content": encoded(script)}] for key, script in scripts.items()}
        self.client("sagemaker").create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName=name, **hooks)
        return name

    def create(self, name: str, role: str, **more: Any) -> None:
        self.client("sagemaker").create_notebook_instance(NotebookInstanceName=name, InstanceType=TYPE, RoleArn=role, **more)

    def describe(self, name: str) -> dict[str, Any]:
        return self.client("sagemaker").describe_notebook_instance(NotebookInstanceName=name)

    def settled(self, name: str) -> dict[str, Any]:
        passing = ("Pending", "Stopping", "Updating", "Deleting")
        return wait_for(lambda: (d := self.describe(name))["NotebookInstanceStatus"] not in passing and d, every=0.1)

    def volume(self, name: str) -> Path:
        return self.state / "notebooks" / name / "home/ec2-user/SageMaker"

    def processes(self, name: str) -> list[psutil.Process]:
        """Living processes of the instance."""
        return processes.of(self.state / "notebooks" / name)


def encoded(script: str) -> str:
    return base64.b64encode(script.encode()).decode()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running(tmp_path_factory.mktemp("notebooks"), Aws) as found:
        yield found


@pytest.fixture(scope="module")
def role(aws: Aws) -> str:
    groups = [f"arn:aws:logs:*:*:log-group:{group}:*" for group in (LOG_GROUP, JOB_LOG_GROUP)]
    logs = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": groups}
    return make_role(aws, "notebook", logs, {"Action": "s3:*", "Resource": "arn:aws:s3:::*"})


@pytest.fixture(scope="module")
def events(aws: Aws) -> Callable[[], list[tuple[str, str]]]:
    """Return a function to name and state of every state change so far."""
    queue = aws.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:changes"
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Notebook Instance State Change"]}
    aws.client("events").put_rule(Name="changes", EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[tuple[str, str]] = []

    def changes() -> list[tuple[str, str]]:
        answer = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            seen.append((detail["NotebookInstanceName"], detail["NotebookInstanceStatus"]))
            aws.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return seen

    return changes


@pytest.fixture(scope="module")
def ticks(aws: Aws) -> Callable[[], int]:
    """Return a function to the number of times that a schedule of five minutes has come round."""
    queue = aws.client("sqs").create_queue(QueueName="ticks")["QueueUrl"]
    aws.client("events").put_rule(Name="ticks", ScheduleExpression="rate(5 minutes)")
    aws.client("events").put_targets(Rule="ticks", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:ticks"}])
    name = "ApproximateNumberOfMessages"
    return lambda: int(aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


@pytest.fixture(scope="module")
def demo(aws: Aws, role: str, events: Any, ticks: Any) -> str:
    """An instance in service; the tests below leave it so."""
    aws.config("demo", OnCreate=ON_CREATE, OnStart=ON_START)
    version = {"MinimumInstanceMetadataServiceVersion": "2"}
    aws.create("demo", role, LifecycleConfigName="demo", InstanceMetadataServiceConfiguration=version)
    found = aws.settled("demo")
    assert found["NotebookInstanceStatus"] == "InService", found
    return "demo"


def opened(aws: Aws, name: str) -> str:
    """Return where the presigned URL of an instance leads, when it answers as JupyterLab."""
    answer = aws.client("sagemaker").create_presigned_notebook_instance_url(NotebookInstanceName=name)
    url = answer["AuthorizedUrl"]
    assert url.startswith(f"{aws.embedded.url}/_aws/notebook/{name}?authToken=")
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(url, timeout=10) as page:
        assert "JupyterLab" in page.read().decode()
        return str(page.url)


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_an_instance_is_described_as_aws_describes_it(aws: Aws, demo: str) -> None:
    found = aws.describe("DEMO")
    assert found["NotebookInstanceArn"] == f"{ARN}:notebook-instance/demo"
    assert found["PlatformIdentifier"] == "notebook-al2023-v1"
    assert found["DirectInternetAccess"] == found["RootAccess"] == "Enabled"
    assert found["Url"] == f"{aws.embedded.url.removeprefix('http://')}/_aws/notebook/demo"
    assert found["LastModifiedTime"] > found["CreationTime"]
    listed = aws.client("sagemaker").list_notebook_instances(StatusEquals="InService", NameContains="dem", SortBy="Name")
    assert [entry["NotebookInstanceName"] for entry in listed["NotebookInstances"]] == ["demo"]


def test_the_presigned_url_opens_jupyterlab_and_a_guessed_one_does_not(aws: Aws, demo: str) -> None:
    assert "/lab" in opened(aws, demo)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{aws.embedded.url}/_aws/notebook/demo?authToken=guess")
    assert caught.value.code == 403


def test_scripts_run_under_the_notebooks_role_with_its_metadata(aws: Aws, demo: str) -> None:
    facts = json.loads((aws.volume(demo) / "facts.json").read_text())
    assert facts["who"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/notebook/SageMaker"
    assert facts["version_1"] == 401
    assert facts["metadata"] == {"ResourceArn": f"{ARN}:notebook-instance/demo", "ResourceName": "demo"}


def test_nothing_of_the_servers_environment_and_no_credentials_reach_the_instance(aws: Aws, demo: str) -> None:
    lines = (aws.volume(demo) / "environment.txt").read_text().splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert names - {"_", "SHLVL", "PWD"} == {
        "PATH", "HOME", "LANG", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "LOCAL_AWS_CLOCK",
        "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    }  # fmt: skip
    assert f"LOCAL_AWS_CLOCK={CLOCK}" in lines


def test_what_scripts_and_jupyter_say_is_in_cloudwatch_logs(aws: Aws, demo: str) -> None:
    def lines(stream: str) -> list[str]:
        found = aws.client("logs").get_log_events(logGroupName=LOG_GROUP, logStreamName=f"demo/{stream}")["events"]
        return [event["message"] for event in found]

    assert "the script has run" in lines("LifecycleConfigOnStart")
    assert any("is running at" in line for line in lines("jupyter.log"))


def test_what_a_state_does_not_allow_is_refused_in_awss_words(aws: Aws, demo: str, role: str) -> None:
    sagemaker = aws.client("sagemaker")
    arn = f"{ARN}:notebook-instance/demo"
    status = "ValidationException: Status (InService) not in ([Stopped, Failed]). Unable to transition to"
    assert refused(sagemaker.start_notebook_instance, NotebookInstanceName=demo) == (
        f"{status} (Pending) for Notebook Instance ({arn})"
    )
    assert refused(sagemaker.delete_notebook_instance, NotebookInstanceName=demo).startswith(f"{status} (Deleting)")
    assert refused(sagemaker.update_notebook_instance, NotebookInstanceName=demo).startswith(f"{status} (Updating)")
    duplicate = refused(aws.create, name="Demo", role=role)
    assert duplicate == f"ValidationException: Cannot create a duplicate Notebook Instance ({arn})"
    assert refused(sagemaker.describe_notebook_instance, NotebookInstanceName="none") == "ValidationException: RecordNotFound"
    unknown = refused(aws.create, name="other", role=role, LifecycleConfigName="none")
    assert "Notebook Instance Lifecycle Config does not exist" in unknown


def test_jupyter_that_is_killed_comes_back_at_the_same_place(aws: Aws, demo: str) -> None:
    before = opened(aws, demo)
    servers = [process for process in aws.processes(demo) if "jupyterlab" in process.cmdline()]
    assert len(servers) == 1
    servers[0].kill()
    servers[0].wait(5)
    place = before.partition("?")[0]

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return opened(aws, demo).startswith(place)
        return False

    wait_for(answers, every=0.2)
    assert aws.describe(demo)["NotebookInstanceStatus"] == "InService"


def test_a_stop_leaves_no_process_and_a_start_finds_the_files_of_the_volume(aws: Aws, demo: str, events: Any) -> None:
    sagemaker = aws.client("sagemaker")
    assert any(process.name() == "sleep" for process in aws.processes(demo))
    (aws.volume(demo) / "work.ipynb").write_text("{}")
    sagemaker.stop_notebook_instance(NotebookInstanceName=demo)
    assert aws.settled(demo)["NotebookInstanceStatus"] == "Stopped"
    assert aws.processes(demo) == []
    presign = sagemaker.create_presigned_notebook_instance_url
    assert "Status (Stopped) not in ([InService])" in refused(presign, NotebookInstanceName=demo)
    assert "Status (Stopped) not in ([InService])" in refused(sagemaker.stop_notebook_instance, NotebookInstanceName=demo)
    sagemaker.update_notebook_instance(NotebookInstanceName=demo, InstanceType="ml.t3.large", VolumeSizeInGB=20)
    assert aws.settled(demo)["InstanceType"] == "ml.t3.large"
    assert "only grow" in refused(sagemaker.update_notebook_instance, NotebookInstanceName=demo, VolumeSizeInGB=10)
    (aws.volume(demo).parent / "scratch.txt").write_text("of before")
    started_at_once(aws, demo)
    assert aws.settled(demo)["NotebookInstanceStatus"] == "InService"
    assert (aws.volume(demo) / "work.ipynb").exists()
    assert (aws.volume(demo) / "history.txt").read_text().split() == ["created", "started", "started"]
    assert (aws.volume(demo).parent / "scratch.txt").read_text() == "scratch\n"
    states = ["Pending", "InService", "Stopping", "Stopped", "Updating", "Stopped", "Pending", "InService"]
    wait_for(lambda: [state for name, state in events() if name == demo] == states, seconds=10)


def started_at_once(aws: Aws, name: str) -> None:
    """Start an instance from several callers at once; one of them does it."""
    answers: list[str] = []

    def start() -> None:
        try:
            aws.client("sagemaker").start_notebook_instance(NotebookInstanceName=name)
            answers.append("accepted")
        except ClientError as error:
            answers.append(error.response["Error"]["Message"])

    callers = [threading.Thread(target=start) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers.count("accepted") == 1, answers
    assert sum("Status (Pending) not in ([Stopped, Failed])" in answer for answer in answers) == 3


def test_a_script_that_fails_fails_the_start_and_a_mended_one_starts_as_does_one_that_was_killed(aws: Aws, role: str) -> None:
    aws.config("bad", OnStart="#!/bin/bash\nnohup sleep 1000 &\necho this went wrong\nexit 4\n")
    aws.create("bad", role, LifecycleConfigName="bad")
    found = aws.settled("bad")
    assert found["NotebookInstanceStatus"] == "Failed"
    assert found["FailureReason"] == (
        f"Notebook Instance Lifecycle Config '{ARN}:notebook-instance-lifecycle-config/bad' for Notebook Instance "
        f"'{ARN}:notebook-instance/bad' failed: its OnStart script ended with exit code 4. Please check your CloudWatch logs "
        "for more details if your Notebook Instance has Internet access."
    )
    assert aws.processes("bad") == []
    sagemaker = aws.client("sagemaker")
    mended = [{"Content": encoded("#!/bin/bash\ntrue\n")}]
    sagemaker.update_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="bad", OnStart=mended)
    sagemaker.start_notebook_instance(NotebookInstanceName="bad")
    found = aws.settled("bad")
    assert found["NotebookInstanceStatus"] == "InService" and "FailureReason" not in found
    for process in aws.processes("bad"):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    found = wait_for(lambda: (d := aws.describe("bad"))["NotebookInstanceStatus"] == "Failed" and d, every=0.1)
    assert "ended from outside" in found["FailureReason"] and aws.processes("bad") == []
    sagemaker.start_notebook_instance(NotebookInstanceName="bad")
    assert aws.settled("bad")["NotebookInstanceStatus"] == "InService"
    sagemaker.stop_notebook_instance(NotebookInstanceName="bad")
    aws.settled("bad")
    sagemaker.delete_notebook_instance(NotebookInstanceName="bad")
    wait_for(lambda: not (aws.state / "notebooks/bad").exists(), every=0.1)
    assert aws.processes("bad") == []
    assert "RecordNotFound" in refused(sagemaker.describe_notebook_instance, NotebookInstanceName="bad")


def test_a_role_that_does_not_trust_sagemaker_fails_the_start(aws: Aws) -> None:
    stranger = make_role(aws, "stranger", principal={"Service": "ec2.amazonaws.com"})
    aws.create("stranger", stranger)
    found = aws.settled("stranger")
    assert found["NotebookInstanceStatus"] == "Failed"
    assert f"Could not assume role {stranger}" in found["FailureReason"]


def test_repositories_are_cloned_and_one_that_cannot_be_fails_the_start_in_gits_words(aws: Aws, role: str) -> None:
    aws.config("git", OnStart=MAKE_ORIGIN)
    sagemaker = aws.client("sagemaker")
    where = {"RepositoryUrl": "https://example.invalid/team/work.git", "Branch": "main"}
    sagemaker.create_code_repository(CodeRepositoryName="work", GitConfig=where)
    aws.create("git", role, LifecycleConfigName="git", DefaultCodeRepository="work")
    unreachable = "https://127.0.0.1:1/nothing.git"
    aws.create("nogit", role, AdditionalCodeRepositories=[unreachable])
    assert aws.settled("git")["NotebookInstanceStatus"] == "InService", aws.describe("git")
    assert (aws.volume("git") / "work/first.txt").read_text() == "here"
    assert "/lab/tree/work" in opened(aws, "git")
    failed = aws.settled("nogit")
    assert failed["NotebookInstanceStatus"] == "Failed"
    assert f"Could not clone the Git repository {unreachable}: " in failed["FailureReason"]
    assert "fatal: unable to access" in failed["FailureReason"]
    sagemaker.stop_notebook_instance(NotebookInstanceName="git")


def test_lifecycle_configurations_and_repositories_are_managed_as_on_aws(aws: Aws) -> None:
    sagemaker = aws.client("sagemaker")
    create = sagemaker.create_notebook_instance_lifecycle_config
    arn = f"{ARN}:notebook-instance-lifecycle-config/mine"
    assert create(NotebookInstanceLifecycleConfigName="mine")["NotebookInstanceLifecycleConfigArn"] == arn
    assert "already exists" in refused(create, NotebookInstanceLifecycleConfigName="mine")
    plain = refused(create, NotebookInstanceLifecycleConfigName="plain", OnStart=[{"Content": "echo hello"}])
    assert "must be a shell script as base64" in plain and "AWS accepts anything here and fails" in plain
    long = [{"Content": encoded("x" * 12289)}]
    assert "less than or equal to 16384" in refused(create, NotebookInstanceLifecycleConfigName="long", OnStart=long)
    listed = sagemaker.list_notebook_instance_lifecycle_configs(NameContains="mine")["NotebookInstanceLifecycleConfigs"]
    assert [entry["NotebookInstanceLifecycleConfigArn"] for entry in listed] == [arn]
    sagemaker.delete_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="mine")
    describe = sagemaker.describe_notebook_instance_lifecycle_config
    assert "does not exist" in refused(describe, NotebookInstanceLifecycleConfigName="mine")
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:git"
    where = {"RepositoryUrl": "https://example.invalid/team/other.git"}
    sagemaker.create_code_repository(CodeRepositoryName="other", GitConfig=where)
    sagemaker.update_code_repository(CodeRepositoryName="other", GitConfig={"SecretArn": secret})
    found = sagemaker.describe_code_repository(CodeRepositoryName="other")
    assert found["GitConfig"] == {**where, "SecretArn": secret}
    sagemaker.delete_code_repository(CodeRepositoryName="other")
    assert "Cannot find CodeRepository" in refused(sagemaker.describe_code_repository, CodeRepositoryName="other")


MAKE_ORIGIN = """#!/bin/bash
set -e
git init -q -b main /home/ec2-user/origin && cd /home/ec2-user/origin
echo -n here > first.txt && git add . && git -c user.name=t -c user.email=t@example.org commit -qm first
git config --file /home/ec2-user/.gitconfig url.file:///home/ec2-user/origin.insteadOf https://example.invalid/team/work.git
"""
TAG = "ml-platform:notebook"


@pytest.fixture(scope="module")
def person(aws: Aws, role: str) -> Callable[[str], Any]:
    """A maker of clients for somebody whose rights hang on the tag `mine`."""
    tagged = {"StringEquals": {f"aws:ResourceTag/{TAG}": "mine"}}
    creating = {"StringEquals": {f"aws:RequestTag/{TAG}": "mine"}}
    creations = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "AddTags")
    uses = ("DescribeModel", "DescribeEndpoint", "InvokeEndpoint", "DeleteEndpoint", "StopNotebookInstance")
    small = {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": [TYPE]}, "Null": {"sagemaker:VpcSubnets": "false"}}
    closed = {"StringEquals": {**creating["StringEquals"], "sagemaker:DirectInternetAccess": "Disabled"}, **small}
    key = {"StringEquals": {**creating["StringEquals"], "sagemaker:VolumeKmsKeyArn": "arn:aws:kms:key/ours"}}
    passing = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    statements = [
        {"Action": [f"sagemaker:{name}" for name in creations], "Resource": "*", "Condition": creating},
        # The configuration that a new endpoint names has the tag already.
        {"Action": "sagemaker:CreateEndpoint", "Resource": f"{ARN}:endpoint-config/*", "Condition": tagged},
        {"Action": [f"sagemaker:{name}" for name in uses], "Resource": "*", "Condition": tagged},
        {"Action": "sagemaker:CreateNotebookInstance", "Resource": f"{ARN}:notebook-instance/*", "Condition": closed},
        {"Action": "sagemaker:CreateTrainingJob", "Resource": "*", "Condition": key},
        {"Action": "iam:PassRole", "Resource": role, "Condition": passing},
    ]
    arn = make_role(aws, "person", *statements, principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    found = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], REGION)
    return lambda service: session.client(service, endpoint_url=aws.embedded.url, config=ONE_TRY)


MINE, THEIRS = [{"Key": TAG, "Value": "mine"}], [{"Key": TAG, "Value": "theirs"}]


def test_who_may_create_a_notebook_hangs_on_what_is_asked_for(person: Any, aws: Aws, role: str, demo: str) -> None:
    create = person("sagemaker").create_notebook_instance
    request = {"NotebookInstanceName": "closed", "InstanceType": TYPE, "RoleArn": role, "Tags": MINE}
    request |= {"DirectInternetAccess": "Disabled", "SubnetId": "subnet-1"}
    for change in (
        {"Tags": THEIRS},
        {"Tags": []},
        {"InstanceType": "ml.t3.large"},
        {"DirectInternetAccess": "Enabled"},
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/person"},
    ):
        assert refused(create, **{**request, **change}).startswith("AccessDeniedException"), change
    assert refused(person("sagemaker").stop_notebook_instance, NotebookInstanceName=demo).startswith("AccessDenied")
    create(**request)
    assert aws.settled("closed")["NetworkInterfaceId"].startswith("eni-")
    person("sagemaker").stop_notebook_instance(NotebookInstanceName="closed")


def test_who_may_train_hangs_on_the_key_of_the_volume(person: Any, role: str) -> None:
    create = person("sagemaker").create_training_job
    request = {
        "TrainingJobName": "refused", "RoleArn": role, "Tags": MINE,
        "AlgorithmSpecification": {"TrainingImage": "other:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"}, "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }  # fmt: skip
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    assert refused(create, **request, ResourceConfig=resources).startswith("AccessDeniedException")
    create(**request, ResourceConfig={**resources, "VolumeKmsKeyId": "arn:aws:kms:key/ours"})
    nvme = {**resources, "InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "arn:aws:kms:key/ours"}
    assert "not supported for instance type ml.g5.xlarge" in refused(create, **request, ResourceConfig=nvme)


def test_models_and_endpoints_are_reached_by_their_tags(person: Any, aws: Aws, role: str) -> None:
    ours, everybody = person("sagemaker"), aws.client("sagemaker")
    container = {"Image": "other:1", "ModelDataUrl": "s3://b/model.tar.gz"}
    variant = {"VariantName": "v", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    for name, maker, tags in (("mine", ours, MINE), ("theirs", everybody, THEIRS)):
        maker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role, Tags=tags)
        variants = [{**variant, "ModelName": name}]
        maker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, Tags=tags)
        maker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
    create = ours.create_endpoint
    assert refused(create, EndpointName="x", EndpointConfigName="mine", Tags=THEIRS).startswith("AccessDenied")
    invoke = person("sagemaker-runtime").invoke_endpoint
    assert ours.describe_model(ModelName="mine")["ModelName"] == "mine"
    assert refused(ours.describe_model, ModelName="theirs").startswith("AccessDenied")
    assert ours.describe_endpoint(EndpointName="mine")["EndpointName"] == "mine"
    assert refused(ours.describe_endpoint, EndpointName="theirs").startswith("AccessDenied")
    assert refused(invoke, EndpointName="mine", Body=b"").startswith("ValidationError")
    assert refused(invoke, EndpointName="theirs", Body=b"").startswith("AccessDenied")
    assert refused(ours.delete_endpoint, EndpointName="theirs").startswith("AccessDenied")


TEMPLATE = {
    "Parameters": {
        "Role": {"Type": "String"}, "Script": {"Type": "String"}, "Suffix": {"Type": "String"}, "Kind": {"Type": "String"},
        "Config": {"Type": "String"},
    },
    "Conditions": {"HasConfig": {"Fn::Equals": [{"Ref": "Config"}, "yes"]}},
    "Resources": {
        "Scripts": {
            "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
            "Properties": {
                "NotebookInstanceLifecycleConfigName": "stack",
                "OnStart": [{"Content": {"Fn::Base64": {"Ref": "Script"}}}],
            },
        },
        "Notebook": {
            "Type": "AWS::SageMaker::NotebookInstance",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "NotebookInstanceName": {"Fn::Sub": "stack-${Suffix}"},
                "InstanceType": {"Ref": "Kind"},
                "RoleArn": {"Ref": "Role"},
                "VolumeSizeInGB": "10",
                "LifecycleConfigName": {
                    "Fn::If": [
                        "HasConfig",
                        {"Fn::GetAtt": ["Scripts", "NotebookInstanceLifecycleConfigName"]},
                        {"Ref": "AWS::NoValue"},
                    ]
                },
                "Tags": [{"Key": TAG, "Value": "stack"}],
            },
        },
        "Repository": {
            "Type": "AWS::SageMaker::CodeRepository",
            "Properties": {"GitConfig": {"RepositoryUrl": "https://example.invalid/team/work.git"}},
        },
    },
    "Outputs": {
        "Arn": {"Value": {"Ref": "Notebook"}},
        "Name": {"Value": {"Fn::GetAtt": ["Notebook", "NotebookInstanceName"]}},
        "Config": {"Value": {"Ref": "Scripts"}},
        "Repository": {"Value": {"Fn::GetAtt": ["Repository", "CodeRepositoryName"]}},
    },
}  # fmt: skip


def test_cloudformation_creates_changes_replaces_and_retains(aws: Aws, role: str) -> None:
    formation, sagemaker = aws.client("cloudformation"), aws.client("sagemaker")
    values = {"Role": role, "Script": "#!/bin/bash\necho 1 >> /home/ec2-user/SageMaker/runs.txt\n", "Suffix": "a", "Kind": TYPE}
    values["Config"] = "yes"

    def deploy(call: Any, expected: str, **changes: str) -> dict[str, str]:
        values.update(changes)
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        call(StackName="notebooks", TemplateBody=json.dumps(TEMPLATE), Parameters=parameters)
        stack = wait_for(
            lambda: (s := formation.describe_stacks(StackName="notebooks")["Stacks"][0])["StackStatus"][-9:] != "_PROGRESS" and s,
            every=0.2,
        )
        assert stack["StackStatus"] == expected, stack
        return {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}

    outputs = deploy(formation.create_stack, "CREATE_COMPLETE")
    assert outputs["Arn"] == f"{ARN}:notebook-instance/stack-a" and outputs["Name"] == "stack-a"
    assert outputs["Config"] == f"{ARN}:notebook-instance-lifecycle-config/stack"
    assert outputs["Repository"].lower().startswith("notebooks-repository")
    created = aws.describe("stack-a")
    assert created["NotebookInstanceStatus"] == "InService" and created["VolumeSizeInGB"] == 10
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=outputs["Arn"])["Tags"]}
    assert tags[TAG] == "stack"

    changed = deploy(formation.update_stack, "UPDATE_COMPLETE", Kind="ml.t3.large", Config="no")
    assert changed["Arn"] == outputs["Arn"]
    found = aws.describe("stack-a")
    assert (found["InstanceType"], found["NotebookInstanceStatus"]) == ("ml.t3.large", "InService")
    assert found["CreationTime"] == created["CreationTime"] and "NotebookInstanceLifecycleConfigName" not in found
    assert (aws.volume("stack-a") / "runs.txt").read_text() == "1\n"

    sagemaker.stop_notebook_instance(NotebookInstanceName="stack-a")
    aws.settled("stack-a")
    replaced = deploy(formation.update_stack, "UPDATE_COMPLETE", Suffix="b")
    assert replaced["Name"] == "stack-b"
    assert aws.describe("stack-a")["NotebookInstanceStatus"] == "Stopped"
    assert (aws.volume("stack-a") / "runs.txt").exists()

    formation.delete_stack(StackName="notebooks")
    gone = formation.describe_stacks
    wait_for(lambda: is_refused(gone, StackName="notebooks"), every=0.2)
    assert aws.describe("stack-b")["NotebookInstanceStatus"] == "InService"
    configs = sagemaker.list_notebook_instance_lifecycle_configs(NameContains="stack")
    assert configs["NotebookInstanceLifecycleConfigs"] == []
    sagemaker.stop_notebook_instance(NotebookInstanceName="stack-b")


def is_refused(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError:
        return True
    return False


def test_a_failed_creation_by_cloudformation_says_why_and_leaves_nothing(aws: Aws, role: str) -> None:
    formation = aws.client("cloudformation")
    template = {"Resources": {name: dict(TEMPLATE["Resources"][name]) for name in ("Scripts", "Notebook")}}
    for entry in template["Resources"].values():
        entry.pop("DeletionPolicy", None)
    template |= {key: TEMPLATE[key] for key in ("Parameters", "Conditions")}
    values = {"Role": role, "Script": "#!/bin/bash\nexit 9\n", "Suffix": "c", "Kind": TYPE, "Config": "yes"}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    formation.create_stack(StackName="failing", TemplateBody=json.dumps(template), Parameters=parameters)
    status = lambda: formation.describe_stacks(StackName="failing")["Stacks"][0]["StackStatus"]  # noqa: E731
    wait_for(lambda: status() == "ROLLBACK_COMPLETE", every=0.2)
    reasons = [
        event.get("ResourceStatusReason", "") for event in formation.describe_stack_events(StackName="failing")["StackEvents"]
    ]
    assert any("OnStart script ended with exit code 9" in reason for reason in reasons)
    assert not (aws.state / "notebooks/stack-c").exists()


def test_a_job_trains_on_two_instances_with_a_command_of_its_own(aws: Aws, role: str) -> None:
    s3, sagemaker = aws.client("s3"), aws.client("sagemaker")
    s3.create_bucket(Bucket="work")
    script = b"""#!/bin/bash
set -e
python3 /opt/ml/input/data/code/train.py
"""
    program = b"""import json, os, sys
config = json.load(open("/opt/ml/input/config/resourceconfig.json"))
host, files = config["current_host"], sorted(os.listdir("/opt/ml/input/data/train"))
print("I am", host)
for name, text in (("same.txt", host), (host + ".json", json.dumps(files))):
    open("/opt/ml/model/" + name, "w").write(text)
"""
    for key, body in (("code/run.sh", script), ("code/train.py", program), ("data/1", b"1"), ("data/2", b"2"), ("data/3", b"3")):
        s3.put_object(Bucket="work", Key=key, Body=body)

    def channel(name: str, prefix: str, distribution: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://work/{prefix}/", "S3DataDistributionType": distribution}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    sagemaker.create_training_job(
        TrainingJobName="two", RoleArn=role,
        AlgorithmSpecification={
            "TrainingImage": IMAGE, "TrainingInputMode": "File",
            "ContainerEntrypoint": ["bash"], "ContainerArguments": ["/opt/ml/input/data/code/run.sh"],
        },
        InputDataConfig=[channel("code", "code", "FullyReplicated"), channel("train", "data", "ShardedByS3Key")],
        OutputDataConfig={"S3OutputPath": "s3://work/out"}, StoppingCondition={"MaxRuntimeInSeconds": 60},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    )  # fmt: skip
    job = wait_for(
        lambda: (j := sagemaker.describe_training_job(TrainingJobName="two"))["TrainingJobStatus"] != "InProgress" and j
    )
    assert job["TrainingJobStatus"] == "Completed", job
    body = s3.get_object(Bucket="work", Key="out/two/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        content = {name: archive.extractfile(name).read().decode() for name in archive.getnames()}
    assert content == {"same.txt": "algo-1", "algo-1.json": '["1", "3"]', "algo-2.json": '["2"]'}
    streams = aws.client("logs").describe_log_streams(logGroupName=JOB_LOG_GROUP, logStreamNamePrefix="two/")["logStreams"]
    said = {}
    for stream in (entry["logStreamName"] for entry in streams):
        events = aws.client("logs").get_log_events(logGroupName=JOB_LOG_GROUP, logStreamName=stream)["events"]
        said[stream.removeprefix("two/").rpartition("-")[0]] = [event["message"] for event in events]
    assert said == {"algo-1": ["I am algo-1"], "algo-2": ["I am algo-2"]}


def test_functions_know_the_clock(aws: Aws) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "import os\ndef handler(event, context): return os.environ['LOCAL_AWS_CLOCK']\n")
    account = make_role(aws, "function", principal={"Service": "lambda.amazonaws.com"})
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="clock", Runtime="python3.11", Handler="main.handler", Role=account, Code={"ZipFile": code.getvalue()}
    )
    answer = functions.invoke(FunctionName="clock")
    assert float(json.loads(answer["Payload"].read())) == CLOCK


def put_by_hand(aws: Aws, namespace: str, name: str, value: float) -> None:
    """PutMetricData in CloudWatch's query protocol, signed, without an SDK."""
    body = (
        f"Action=PutMetricData&Version=2010-08-01&Namespace={namespace}&MetricData.member.1.MetricName=Heartbeat"
        f"&MetricData.member.1.Dimensions.member.1.Name=NotebookInstanceName"
        f"&MetricData.member.1.Dimensions.member.1.Value={name}&MetricData.member.1.Value={value}"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", f"{aws.embedded.url}/", headers=headers, data=body)
    SigV4Auth(Credentials("test", "test"), "monitoring", REGION).add_auth(request)
    signed = urllib.request.Request(f"{aws.embedded.url}/", data=body.encode(), headers=dict(request.headers))
    with urllib.request.urlopen(signed, timeout=10) as answer:
        assert answer.status == 200


def test_metrics_are_told_apart_by_their_dimension_in_either_protocol(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    put_by_hand(aws, "By/Hand", "one", 3)
    dimensions = {name: [{"Name": "NotebookInstanceName", "Value": name}] for name in ("one", "two")}
    cloudwatch.put_metric_data(
        Namespace="By/Hand", MetricData=[{"MetricName": "Heartbeat", "Value": 5, "Dimensions": dimensions["two"]}]
    )
    span = {"StartTime": time.time() - 600, "EndTime": time.time() + 60}

    def total(name: str) -> list[float]:
        wanted = {"Namespace": "By/Hand", "MetricName": "Heartbeat", "Dimensions": dimensions[name]}
        points = cloudwatch.get_metric_statistics(**wanted, **span, Period=3600, Statistics=["Sum"])["Datapoints"]
        query = {"Id": "q", "MetricStat": {"Metric": wanted, "Period": 3600, "Stat": "Sum"}}
        found = cloudwatch.get_metric_data(MetricDataQueries=[query], **span)["MetricDataResults"][0]["Values"]
        assert sum(found) == sum(point["Sum"] for point in points)
        return found

    assert (sum(total("one")), sum(total("two"))) == (3, 5)


def test_five_minutes_of_a_schedule_pass_by_the_clock(ticks: Callable[[], int]) -> None:
    before = ticks()
    started = time.monotonic()
    wait_for(lambda: ticks() > before + 1, seconds=20, every=0.1)
    assert time.monotonic() - started < 2 * 5 + 2


def test_nobodys_work_is_lost_when_the_embedded_aws_is_taken_down(tmp_path: Path) -> None:
    with running(tmp_path, Aws) as first:
        first.create("mine", make_role(first, "notebook"))
        assert first.settled("mine")["NotebookInstanceStatus"] == "InService"
        (first.volume("mine") / "work.txt").write_text("mine")
    assert first.processes("mine") == []
    with running(tmp_path, Aws) as second:
        second.create("mine", make_role(second, "stranger", principal={"Service": "ec2.amazonaws.com"}))
        assert second.settled("mine")["NotebookInstanceStatus"] == "Failed"
        second.client("sagemaker").delete_notebook_instance(NotebookInstanceName="mine")
        wait_for(lambda: is_refused(second.describe, name="mine"), every=0.1)
        assert (second.volume("mine") / "work.txt").read_text() == "mine", "it was never in service here, so it is not ours"
        second.create("mine", make_role(second, "notebook"))
        assert second.settled("mine")["NotebookInstanceStatus"] == "InService"
        assert (second.volume("mine") / "work.txt").read_text() == "mine"
        second.client("sagemaker").stop_notebook_instance(NotebookInstanceName="mine")
        second.settled("mine")
        second.client("sagemaker").delete_notebook_instance(NotebookInstanceName="mine")
        wait_for(lambda: not second.volume("mine").exists(), every=0.1)
