"""What a notebook and its watchdog may do, and what they may not: their policies, asked as IAM would."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns

from ml_platform import (
    ClientBundle,
    FrameworkImage,
    IdleShutdown,
    NightlyStop,
    NotebookInstance,
    NotebookMachine,
    NotebookNetwork,
    NotebookOwner,
    NotebookWatchdog,
    NotebookWork,
    PlatformStorage,
    WatchdogOptions,
    WatchedNotebook,
)
from ml_platform.notebook.notebook_instance import instance_name
from tests.helpers import new_stack, of_type, template_of

ARN = "arn:aws:sagemaker:eu-central-1:111122223333:"
KEY = "arn:aws:kms:::Key"
INTERNET = NotebookNetwork(internet_access=True)
VPC_ONLY = NotebookNetwork(
    subnet_id="subnet-0123456789abcdef0", security_group_ids=["sg-0123456789abcdef0", "sg-0123456789abcdef1"]
)
OWNER = NotebookOwner(notebook="demo", environment="test", prefix="mlp-test")
INSTANCE = instance_name(OWNER, INTERNET)
MINE = {"ml-platform:notebook": "demo", "ml-platform:environment": "mlp-test"}
LARGEST_POLICY = 6144
"""Characters in a managed policy, white space not counted (IAM quota)."""


def resolved(value: Any) -> Any:
    """Replace intrinsic functions by texts that are as long as what they become, and the key's by a known ARN."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(str(resolved(part)) for part in parts)
        case {"Ref": name}:
            return {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}.get(name, name)
        case {"Fn::GetAtt": [name, _]}:
            return KEY if "StorageKey" in name else f"arn:aws:::{name}"
        case dict():
            return {key: resolved(inner) for key, inner in value.items()}
        case list():
            return [resolved(inner) for inner in value]
        case _:
            return value


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def holds(operator: str, wanted: Any, got: Any) -> bool:
    """Judge one condition as IAM does: a missing key fails every operator but ForAllValues and Null."""
    if operator == "Null":
        return (got is None) == (wanted == "true")
    for_all, _, plain = operator.rpartition(":")
    if got is None:
        return for_all == "ForAllValues"
    test = fnmatchcase if "Like" in plain or "Arn" in plain else str.__eq__
    fits = [any(test(str(value), str(choice)) for choice in as_list(wanted)) for value in as_list(got)]
    return all(fits) if for_all == "ForAllValues" else any(fits)


def allows(statements: list[dict[str, Any]], action: str, resource: str, context: Mapping[str, Any]) -> bool:
    """Return whether one statement allows it."""
    return any(
        action in as_list(statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"]))
        and all(
            holds(operator, wanted, context.get(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
        for statement in statements
    )


def statements_of(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Return all statements of the policies that are attached to the role whose logical id begins with `role`."""
    policies = of_type(template, "AWS::IAM::ManagedPolicy")
    mine = [policy for policy in policies if policy["Roles"][0]["Ref"].startswith(role)]
    return [statement for policy in mine for statement in resolved(policy["PolicyDocument"]["Statement"])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = tmp_path_factory.mktemp("mlp")
    (found / "__init__.py").write_text("")
    return found


def notebook_stack(folder: Path, network: NotebookNetwork, models: Mapping[str, str], owner: NotebookOwner = OWNER) -> Stack:
    stack = new_stack()
    NotebookInstance(
        stack,
        "DemoNotebook",
        owner=owner,
        machine=NotebookMachine(),
        network=network,
        idle=IdleShutdown(),
        client=ClientBundle(stack, "Client", folders={"mlp": folder}),
        image=FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0"),
        work=NotebookWork(models=models),
        storage=PlatformStorage(stack, "Storage"),
        log_group_name="/mlp-test/notebooks",
    )
    return stack


@pytest.fixture(scope="module")
def open_template(folder: Path) -> dict[str, Any]:
    return template_of(notebook_stack(folder, INTERNET, {"spam": "mlp-test-spam"}))


@pytest.fixture(scope="module")
def closed_template(folder: Path) -> dict[str, Any]:
    return template_of(notebook_stack(folder, VPC_ONLY, {"spam": "mlp-test-spam"}))


def requested(**more: Any) -> dict[str, Any]:
    return {**{f"aws:RequestTag/{key}": value for key, value in MINE.items()}, **more}


def tagged(**tags: str) -> dict[str, Any]:
    return {f"aws:ResourceTag/{key}": value for key, value in {**MINE, **tags}.items()}


ENCRYPTED = {"sagemaker:VolumeKmsKey": KEY, "sagemaker:OutputKmsKey": KEY, "sagemaker:InstanceTypes": ["ml.m5.large"]}
AS_NAMED_TODAY = {f"{key}Arn" if key.endswith("KmsKey") else key: value for key, value in ENCRYPTED.items()}
BY_ITSELF = {"sagemaker:OutputKmsKey": KEY, "sagemaker:InstanceTypes": ["ml.g5.xlarge"]}
INSIDE = {"sagemaker:VpcSubnets": ["subnet-0123456789abcdef0"], "sagemaker:VpcSecurityGroupIds": ["sg-0123456789abcdef1"]}
EXPIRES = {"aws:RequestTag/ml-platform:expires": "2026-11-24T18:00:00Z"}
TAGGING = {"sagemaker:TaggingAction": "CreateEndpoint"}
OTHER = {"aws:RequestTag/ml-platform:notebook": "other"}
OTHER_ENVIRONMENT = {"aws:RequestTag/ml-platform:environment": "mlp-prod"}

CASES: list[tuple[str, str, dict[str, Any], bool, str]] = [
    ("StopNotebookInstance", f"notebook-instance/{INSTANCE}", {}, True, "itself"),
    ("StopNotebookInstance", "notebook-instance/mlp-test-nb-other-1234", {}, False, "another notebook"),
    ("StartNotebookInstance", f"notebook-instance/{INSTANCE}", {}, False, "starting is for people"),
    ("DeleteNotebookInstance", f"notebook-instance/{INSTANCE}", {}, False, "its disk is kept"),
    ("CreateTrainingJob", "training-job/any", {**requested(), **ENCRYPTED}, True, "a tagged, encrypted job"),
    ("CreateTrainingJob", "training-job/any", {**requested(), **BY_ITSELF}, True, "a type that encrypts by itself"),
    ("CreateTrainingJob", "training-job/any", {**requested(), **AS_NAMED_TODAY}, True, "keys as the reference names them today"),
    (
        "CreateTrainingJob",
        "training-job/any",
        {**requested(), **AS_NAMED_TODAY, "sagemaker:OutputKmsKeyArn": "arn:aws:kms:::Other"},
        False,
        "another key for the results",
    ),
    (
        "CreateTrainingJob",
        "training-job/any",
        {**requested(), **AS_NAMED_TODAY, **BY_ITSELF, "sagemaker:VolumeKmsKeyArn": "arn:aws:kms:::Other"},
        False,
        "another key where none is taken",
    ),
    ("CreateTrainingJob", "training-job/any", ENCRYPTED, False, "a job without tags"),
    ("CreateTrainingJob", "training-job/any", {**requested(), **ENCRYPTED, **OTHER}, False, "a job in another's name"),
    ("CreateTrainingJob", "training-job/any", {**requested(), **ENCRYPTED, **OTHER_ENVIRONMENT}, False, "in another environment"),
    ("CreateTrainingJob", "training-job/any", {**requested(), "sagemaker:OutputKmsKey": KEY}, False, "a disk without a key"),
    (
        "CreateTrainingJob",
        "training-job/any",
        {**requested(), "sagemaker:OutputKmsKey": KEY, "sagemaker:InstanceTypes": ["ml.m5.large", "ml.g5.xlarge"]},
        False,
        "one type of two has no disks of its own",
    ),
    ("CreateTrainingJob", "training-job/any", {**requested(), "sagemaker:VolumeKmsKey": KEY}, False, "results without a key"),
    (
        "CreateTrainingJob",
        "training-job/any",
        {**requested(), **ENCRYPTED, "sagemaker:VolumeKmsKey": "arn:aws:kms:::Other"},
        False,
        "another key",
    ),
    ("CreateModel", "model/any", requested(), True, "a tagged model"),
    ("CreateModel", "model/any", {}, False, "a model without tags"),
    ("CreateEndpointConfig", "endpoint-config/any", requested(), True, "a tagged configuration"),
    ("CreateEndpoint", "endpoint/any", requested(**EXPIRES), True, "an endpoint that expires"),
    ("CreateEndpoint", "endpoint/any", requested(), False, "an endpoint for ever"),
    ("CreateEndpoint", "endpoint-config/any", {**requested(**EXPIRES), **tagged()}, True, "of its own configuration"),
    ("CreateEndpoint", "endpoint-config/any", requested(**EXPIRES), False, "of another's configuration"),
    ("AddTags", "endpoint/any", requested(**TAGGING), True, "tags at creation"),
    ("AddTags", "endpoint/mlp-test-spam", requested(), False, "taking over what exists already"),
    ("AddTags", "endpoint/any", {**TAGGING, **OTHER}, False, "another's tags"),
    ("AddTags", f"notebook-instance/{INSTANCE}", requested(), False, "keeping itself alive by tag"),
    ("DeleteTags", "endpoint/any", tagged(), False, "escaping its expiry"),
    ("InvokeEndpoint", "endpoint/any", tagged(), True, "its own endpoint"),
    ("InvokeEndpoint", "endpoint/mlp-test-spam", {}, False, "the platform's endpoint"),
    ("DeleteEndpoint", "endpoint/any", tagged(), True, "its own endpoint"),
    ("DeleteEndpoint", "endpoint/any", tagged(**{"ml-platform:notebook": "other"}), False, "another's endpoint"),
    ("DeleteEndpoint", "endpoint/any", tagged(**{"ml-platform:environment": "mlp-prod"}), False, "a namesake's endpoint"),
    ("DescribeTrainingJob", "training-job/any", tagged(), True, "its own job"),
    ("StopTrainingJob", "training-job/any", {}, False, "a pipeline's job"),
    ("UpdateEndpoint", "endpoint/any", tagged(), True, "its own endpoint"),
    ("ListTags", "endpoint/any", {}, False, "others' tags"),
    ("ListEndpoints", "x", {}, True, "names of all endpoints"),
    ("StartPipelineExecution", "pipeline/mlp-test-spam", {}, True, "its model's pipeline"),
    ("StartPipelineExecution", "pipeline/mlp-test-ham", {}, False, "another model's pipeline"),
    ("DescribePipelineExecution", "pipeline/mlp-test-spam/execution/abc", {}, True, "a run"),
    ("DescribeModelPackage", "model-package/mlp-test-spam/3", {}, True, "a version"),
    ("UpdateModelPackage", "model-package/mlp-test-spam/3", {}, False, "approving is for people"),
]


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected", "_about"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_what_a_notebook_may_do(open_template, action: str, resource: str, context: dict, expected: bool, _about: str) -> None:
    statements = statements_of(open_template, "DemoNotebookNotebookRole")
    assert allows(statements, f"sagemaker:{action}", f"{ARN}{resource}", context) is expected


@pytest.mark.parametrize(
    ("action", "context", "expected"),
    [
        ("CreateTrainingJob", ENCRYPTED, False),
        ("CreateTrainingJob", {**ENCRYPTED, **INSIDE}, True),
        ("CreateTrainingJob", {**BY_ITSELF, **INSIDE}, True),
        ("CreateTrainingJob", {**ENCRYPTED, **INSIDE, "sagemaker:VpcSubnets": ["subnet-0123456789abcdef0", "subnet-2"]}, False),
        ("CreateTrainingJob", {**ENCRYPTED, "sagemaker:VpcSubnets": ["subnet-0123456789abcdef0"]}, False),
        ("CreateModel", {}, False),
        ("CreateModel", INSIDE, True),
    ],
)
def test_a_notebook_without_the_internet_cannot_lend_itself_some(closed_template, action, context, expected) -> None:
    statements = statements_of(closed_template, "DemoNotebookNotebookRole")
    kind = {"CreateTrainingJob": "training-job", "CreateModel": "model"}[action]
    assert allows(statements, f"sagemaker:{action}", f"{ARN}{kind}/any", {**requested(), **context}) is expected


def test_it_may_pass_one_role_to_one_service(open_template) -> None:
    passing = [s for s in statements_of(open_template, "DemoNotebookNotebookRole") if "iam:PassRole" in as_list(s["Action"])]
    assert len(passing) == 1
    assert passing[0]["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert str(passing[0]["Resource"]).startswith("arn:aws:::DemoNotebookJobRole")


def test_it_reads_its_models_and_writes_its_own_folder_only(open_template) -> None:
    statements = statements_of(open_template, "DemoNotebookNotebookRole")
    data, artifacts = (
        next(name for name in open_template["Resources"] if f"Storage{kind}Bucket" in name) for kind in ("Data", "Artifacts")
    )

    def may(action: str, bucket: str, key: str) -> bool:
        return allows(statements, f"s3:{action}", f"arn:aws:::{bucket}/{key}", {})

    assert may("GetObject", data, "datasets/spam/raw/a.csv") and not may("GetObject", data, "datasets/ham/raw/a.csv")
    assert not may("PutObject", data, "datasets/spam/raw/a.csv")
    assert may("GetObject", artifacts, "models/spam/model/run/model.tar.gz") and not may(
        "GetObject", artifacts, "models/spam/test/run/test.csv"
    )
    for action in ("GetObject", "PutObject", "DeleteObject"):
        assert may(action, artifacts, "notebooks/demo/code/a.py")
        assert not may(action, artifacts, "notebooks/other/code/a.py")
    assert not may("PutObject", artifacts, "models/spam/model/run/model.tar.gz")


def test_jobs_get_a_network_interface_only_where_there_is_no_other_network(open_template, closed_template) -> None:
    def joins(template: dict[str, Any], subnet: str) -> bool:
        statements = statements_of(template, "DemoNotebookJobRole")
        arn = f"arn:aws:ec2:eu-central-1:111122223333:subnet/{subnet}"
        return allows(statements, "ec2:CreateNetworkInterface", arn, {})

    assert joins(closed_template, "subnet-0123456789abcdef0")
    assert not joins(closed_template, "subnet-2") and not joins(open_template, "subnet-0123456789abcdef0")


def test_the_agent_writes_its_own_streams_only(open_template) -> None:
    statements = statements_of(open_template, "DemoNotebookNotebookRole")

    def may_write(group: str, stream: str) -> bool:
        arn = f"arn:aws:logs:eu-central-1:111122223333:log-group:{group}:log-stream:{stream}"
        return allows(statements, "logs:PutLogEvents", arn, {})

    assert may_write("/mlp-test/notebooks", INSTANCE) and not may_write("/mlp-test/notebooks", "mlp-test-nb-other-1234")
    assert may_write("/aws/sagemaker/NotebookInstances", f"{INSTANCE}/LifecycleConfigOnStart")
    assert not may_write("/aws/sagemaker/NotebookInstances", "other/LifecycleConfigOnStart")


@pytest.mark.parametrize(
    "network",
    [
        INTERNET,
        NotebookNetwork(subnet_id="subnet-0a1b2c3d4e5f60718", security_group_ids=[f"sg-0a1b2c3d4e5f6071{n}" for n in range(5)]),
    ],
)
def test_the_longest_names_and_most_models_fit_into_iams_policies(folder: Path, network: NotebookNetwork) -> None:
    prefix = "p" * 20 + "-" + "e" * 14
    models = {f"{'m' * 19}{n}": f"{prefix}-{'m' * 19}{n}" for n in range(10)}
    owner = NotebookOwner(notebook="n" * 19, environment="e" * 14, prefix=prefix)
    template = template_of(notebook_stack(folder, network, models, owner))
    for policy in of_type(template, "AWS::IAM::ManagedPolicy"):
        # Buckets' names are up to 63 characters and keys' ARNs 77, whatever their logical ids here.
        text = re.sub(r"arn:aws:::\w+", f"arn:aws:s3:::{'b' * 64}", json.dumps(resolved(policy["PolicyDocument"])))
        size = len(re.sub(r"\s", "", text))
        assert size <= LARGEST_POLICY, (size, policy["Roles"], text[:200])


@pytest.fixture(scope="module")
def watchdog() -> dict[str, Any]:
    stack = new_stack()
    storage = PlatformStorage(stack, "Storage")
    guarded = WatchedNotebook(
        notebook="team-a",
        instance="mlp-test-nb-team-a-1234",
        idle_minutes=60,
        max_uptime_hours=72,
        endpoint_hours=8,
        nightly=NightlyStop(at="22:00", timezone="Europe/Berlin"),
    )
    NotebookWatchdog(
        stack,
        "Watchdog",
        prefix="mlp-test",
        notebooks=[guarded],
        options=WatchdogOptions(prices_per_hour={"ml.t3.medium": 0.05}),
        key=storage.key,
        alerts=sns.Topic(stack, "Topic"),
        log_retention=logs.RetentionDays.ONE_WEEK,
    )
    return template_of(stack)


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("StopNotebookInstance", "notebook-instance/mlp-test-nb-team-a-1234", tagged(), True),
        ("StopNotebookInstance", "notebook-instance/mlp-test-nb-replaced-1234", tagged(), True),
        ("StopNotebookInstance", "notebook-instance/somebody-elses", tagged(), False),
        ("StopNotebookInstance", "notebook-instance/mlp-test-nb-team-a-1234", {}, False),
        ("DeleteNotebookInstance", "notebook-instance/mlp-test-nb-team-a-1234", tagged(), False),
        ("DeleteEndpoint", "endpoint/any", tagged(), True),
        ("DeleteEndpoint", "endpoint/mlp-test-spam", {"aws:ResourceTag/ml-platform:environment": "mlp-test"}, False),
        ("DeleteEndpoint", "endpoint/any", tagged(**{"ml-platform:environment": "mlp-prod"}), False),
        ("DeleteModel", "model/any", tagged(), True),
        ("DeleteModel", "model/any", {}, False),
    ],
)
def test_what_the_watchdog_may_do(watchdog, action: str, resource: str, context: dict, expected: bool) -> None:
    assert allows(statements_of(watchdog, "Watchdog"), f"sagemaker:{action}", f"{ARN}{resource}", context) is expected


def test_the_watchdog_looks_every_five_minutes_and_a_lost_run_is_kept(watchdog) -> None:
    rule = of_type(watchdog, "AWS::Events::Rule")[0]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert "DeadLetterConfig" in rule["Targets"][0]
    assert "DeadLetterConfig" in of_type(watchdog, "AWS::Lambda::Function")[0]


def test_every_notebook_has_an_alarm_that_a_silent_agent_raises(watchdog) -> None:
    alarms = {alarm["MetricName"]: alarm for alarm in of_type(watchdog, "AWS::CloudWatch::Alarm")}
    assert set(alarms) == {"Blind", "HeartbeatMissing", "Errors", "ApproximateNumberOfMessagesVisible"}
    silent = alarms["HeartbeatMissing"]
    assert silent["Namespace"] == "MLPlatform/Notebooks"
    assert silent["Dimensions"] == [{"Name": "NotebookInstanceName", "Value": "mlp-test-nb-team-a-1234"}]
    # Two intervals: a late run must not let the alarm go off and on again.
    assert (silent["Period"], silent["Statistic"], silent["Threshold"]) == (600, "Maximum", 0)
    assert silent["TreatMissingData"] == "notBreaching" and silent["AlarmActions"]
    # Blind at every check of the period: Jupyter may be away for a moment when it is started again.
    blind = alarms["Blind"]
    assert blind["Dimensions"] == silent["Dimensions"] and blind["AlarmActions"] == silent["AlarmActions"]
    assert (blind["Period"], blind["Statistic"], blind["Threshold"]) == (600, "Minimum", 0)
