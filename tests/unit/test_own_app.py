"""The library from outside: what it takes to train and serve in an own stack."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Duration, NestedStack, Size, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks

from ml_platform import (
    GateRule,
    IdleShutdown,
    ModelCode,
    ModelEndpoint,
    NotebookInstance,
    NotebookMachine,
    NotebookNetwork,
    NotebookOwner,
    NotebookWatchdog,
    NotebookWork,
    PlatformStorage,
    PredictionApi,
    PredictionRoute,
    PromotedModel,
    Promotion,
    QualityGate,
    ReleaseRole,
    RequestContract,
    TrainingJobs,
    TrainingPipeline,
    TrainingStorage,
    VpcNetwork,
)
from tests.conftest import ROOT
from tests.helpers import new_stack, of_type, template_of


def own_model(stack: Stack, name: str, storage: PlatformStorage, api: PredictionApi) -> ModelEndpoint:
    code = ModelCode(name=name.lower(), folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    pipeline = TrainingPipeline(stack, f"{name}Training", code=code, gate=gate, storage=storage)
    endpoint = ModelEndpoint(stack, f"{name}Endpoint", model=pipeline.model)
    contract = RequestContract(input_schema={"type": "object", "properties": {"age": {"type": "number"}}})
    PredictionRoute(
        stack, f"{name}Route", model=name.lower(), api=api.http_api, endpoint=endpoint, contract=contract, key=storage.key
    )
    return endpoint


def test_two_models_are_trained_and_served_in_one_own_stack() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    api = PredictionApi(stack, "Api", api_name="shop", key=storage.key)
    endpoints = [own_model(stack, name, storage, api) for name in ("Churn", "Fraud")]
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    for endpoint in endpoints:
        endpoint.grant_invoke(caller)
    template = template_of(stack)
    for kind in ("Pipeline", "ModelPackageGroup", "Endpoint", "Model"):
        assert len(of_type(template, f"AWS::SageMaker::{kind}")) == 2, kind
    groups = [entry["ModelPackageGroupName"] for entry in of_type(template, "AWS::SageMaker::ModelPackageGroup")]
    assert sorted(groups) == sorted(entry["PipelineName"] for entry in of_type(template, "AWS::SageMaker::Pipeline"))
    assert len({endpoint.endpoint_name for endpoint in endpoints}) == 2
    parameters = [endpoint.version_parameter for endpoint in endpoints]
    assert len(set(parameters)) == 2 and all(template["Parameters"][name]["Default"] == "none" for name in parameters)
    rights = json.dumps(of_type(template, "AWS::IAM::ManagedPolicy"))
    assert "/models/churn/train/*" in rights and "/models/fraud/train/*" in rights


def findings(stack: Stack) -> list[str]:
    """What AWS's compliance rules say of the app that the stack is in."""
    app = stack.node.root
    assert isinstance(app, App)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with contextlib.suppress(Exception):  # with findings, synthesis fails after it has written them
        app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    return [finding["ruleName"] for plugin in report["pluginReports"] for finding in plugin["violations"]]


def test_promotion_releases_an_own_model_by_what_its_endpoint_tells() -> None:
    stack = new_stack("Shop")
    storage, topic = PlatformStorage(stack, "Storage"), sns.Topic(stack, "Alerts")
    endpoint = own_model(stack, "Churn", storage, PredictionApi(stack, "Api", api_name="shop", key=storage.key))
    role = ReleaseRole(
        stack,
        "ReleaseRole",
        role_name="shop-release",
        endpoint_name=endpoint.endpoint_name,
        group_name="shop-churn",
        stack_name=stack.stack_name,
        execution_role=endpoint.role,
        key=storage.key,
    )
    assert role.arn
    model = PromotedModel(
        name="churn",
        group_name="shop-churn",
        stack_name=stack.stack_name,
        endpoint_name=endpoint.endpoint_name,
        release_role_name="shop-release",
        parameter=endpoint.version_parameter,
    )
    Promotion(stack, "Promotion", name="shop-promote", models=[model], key=storage.key, alerts=topic)
    template = template_of(stack)
    assert endpoint.version_parameter in template["Parameters"] and endpoint.version_parameter != "ModelPackageArn"
    [rule] = of_type(template, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["ModelPackageGroupName"] == ["shop-churn"]


def test_rights_are_granted_as_cdk_users_expect() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    code = ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    pipeline = TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage)
    endpoint = ModelEndpoint(stack, "Endpoint", model=pipeline.model)
    reader = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    extra = s3.Bucket(stack, "Extra")
    extra.grant_read(endpoint.role)
    extra.grant_read(pipeline.roles.prepare)
    storage.grant_read(reader, "mails").assert_success()
    storage.grant_write(reader, "mails").assert_success()
    pipeline.model.grant_read(reader).assert_success()
    granted = json.dumps(of_type(template_of(stack), "AWS::IAM::Policy"))
    assert granted.count("Extra") >= 4
    for place in ("/datasets/mails/raw/*", "/models/churn/model/*"):
        assert place in granted
    assert "s3:PutObject" in granted and "kms:GenerateDataKey*" in granted


def test_imported_parts_are_used_as_they_are() -> None:
    stack = new_stack("Shop")
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/shared")
    storage = TrainingStorage(
        data=s3.Bucket.from_bucket_name(stack, "Data", "company-data"),
        artifacts=s3.Bucket.from_bucket_name(stack, "Artifacts", "company-models"),
        key=kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"),
    )
    code = ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    pipeline = TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage, role=role)
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-central-1:111122223333:ops")
    ModelEndpoint(stack, "Endpoint", model=pipeline.model, execution_role=role, alerts=topic)
    template = template_of(stack)
    [definition] = of_type(template, "AWS::SageMaker::Pipeline")
    assert definition["RoleArn"] == role.role_arn
    steps = json.loads(json.dumps(definition["PipelineDefinition"])).get("PipelineDefinitionBody")
    assert json.dumps(steps).count("role/shared") == 3
    assert of_type(template, "AWS::SageMaker::Model")[0]["ExecutionRoleArn"] == role.role_arn
    assert {entry["Description"] for entry in of_type(template, "AWS::IAM::Role")} == {
        "Judges new models against their rules and the version that serves"
    }
    assert not of_type(template, "AWS::S3::Bucket") and not of_type(template, "AWS::KMS::Key")
    assert of_type(template, "AWS::CloudWatch::Alarm")[0]["AlarmActions"] == [topic.topic_arn]


def definition_of(template: dict[str, Any]) -> dict[str, Any]:
    """Return a pipeline's definition with names in place of what only CloudFormation knows."""
    [pipeline] = of_type(template, "AWS::SageMaker::Pipeline")
    body = pipeline["PipelineDefinition"]["PipelineDefinitionBody"]
    found: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "x" for part in body["Fn::Join"][1]))
    return found


def lab(stack: Stack, construct_id: str, storage: PlatformStorage, **more: Any) -> NotebookInstance:
    return NotebookInstance(stack, construct_id, network=NotebookNetwork(internet_access=True), storage=storage, **more)


def test_two_notebooks_stop_themselves_and_are_watched_in_one_own_stack() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    notebooks = [lab(stack, name, storage) for name in ("Lab", "Desk")]
    topic = sns.Topic(stack, "Ops", master_key=storage.key)
    watched = [notebook.watched(max_uptime=Duration.hours(12)) for notebook in notebooks]
    NotebookWatchdog(stack, "Watchdog", notebooks=watched, key=storage.key, alerts=topic)
    template = template_of(stack)
    instances = of_type(template, "AWS::SageMaker::NotebookInstance")
    names = {entry["NotebookInstanceName"] for entry in instances}
    assert len(names) == 2 and all("-nb-" in name for name in names)
    environments = {tag["Value"] for entry in instances for tag in entry["Tags"] if tag["Key"] == "ml-platform:environment"}
    assert environments == {watched[0].instance.partition("-nb-")[0]}
    groups = {entry["LogGroupName"] for entry in of_type(template, "AWS::Logs::LogGroup")}
    assert {f"/{entry.instance.partition('-nb-')[0]}/notebooks/{entry.notebook}" for entry in watched} <= groups
    scripts = json.dumps(of_type(template, "AWS::SageMaker::NotebookInstanceLifecycleConfig"))
    assert scripts.count("/notebooks/") >= 2
    assert len(of_type(template, "AWS::Events::Rule")) == 1


def test_jobs_and_models_are_connected_to_subnets_of_an_imported_vpc() -> None:
    stack = new_stack("Shop")
    subnets = [f"subnet-0123456789abcdef{number}" for number in range(2)]
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["a", "b"], private_subnet_ids=subnets)
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")
    network = VpcNetwork.of(vpc, [group])
    storage = PlatformStorage(stack, "Storage")
    code = ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    pipeline = TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage, jobs=TrainingJobs(network=network))
    ModelEndpoint(stack, "Endpoint", model=pipeline.model, network=network)
    template = template_of(stack)
    expected = {"Subnets": subnets, "SecurityGroupIds": ["sg-0123456789abcdef0"]}
    assert of_type(template, "AWS::SageMaker::Model")[0]["VpcConfig"] == expected
    steps = {
        step["Name"]: step["Arguments"] for step in definition_of(template)["Steps"] if step["Type"] in ("Processing", "Training")
    }
    assert steps["train"]["VpcConfig"] == expected and steps["train"]["EnableNetworkIsolation"] is True
    for name in ("prepare", "evaluate"):
        assert steps[name]["NetworkConfig"] == {"EnableNetworkIsolation": True, "VpcConfig": expected}
    joining = [
        policy for policy in of_type(template, "AWS::IAM::ManagedPolicy") if "ec2:CreateNetworkInterface" in json.dumps(policy)
    ]
    assert len(joining) == 4
    # CDK's own remark on the import above, which names no route tables, is none of ours.
    assert [finding for finding in findings(stack) if not finding.startswith("Annotation")] == []


def test_a_network_without_subnets_is_refused() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    code = ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    jobs = TrainingJobs(network=VpcNetwork(subnet_ids=[], security_group_ids=["sg-0123456789abcdef0"] * 6))
    with pytest.raises(
        ValueError, match=r"(?s)jobs\.network\.subnet_ids has 0 entries; allowed: 1 to 16.*has 6 entries; allowed: 1 to 5"
    ):
        TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage, jobs=jobs)


def test_a_notebook_takes_a_subnet_of_an_imported_vpc() -> None:
    stack = new_stack("Shop")
    subnet = ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-0123456789abcdef0")
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")
    network = NotebookNetwork.of_vpc(subnet, [group])
    NotebookInstance(stack, "Lab", network=network, storage=PlatformStorage(stack, "Storage"))
    [instance] = of_type(template_of(stack), "AWS::SageMaker::NotebookInstance")
    assert (instance["SubnetId"], instance["SecurityGroupIds"]) == ("subnet-0123456789abcdef0", ["sg-0123456789abcdef0"])
    assert instance["DirectInternetAccess"] == "Disabled"


SYNTHESIZE = """
import sys
from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from ml_platform import NotebookInstance, NotebookNetwork, PlatformStorage
stack = Stack(App(), "Shop", env={"account": "111122223333", "region": "eu-central-1"})
for number in range(int(sys.argv[1])):
    str(stack.format_arn(service="s3", resource=str(number)))  # numbers of tokens move on
vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
network = NotebookNetwork.of_vpc(vpc.private_subnets[0], [ec2.SecurityGroup(stack, "Group", vpc=vpc)])
print(NotebookInstance(stack, "Lab", network=network, storage=PlatformStorage(stack, "Storage")).instance_name)
"""


def test_a_notebook_in_a_subnet_that_cdk_makes_has_the_same_name_in_every_synthesis() -> None:
    # Another name would be another instance: an empty one, beside the one with the people's files.
    path = os.pathsep.join([str(ROOT), str(ROOT / "constructs")])
    names = [
        subprocess.run(
            [sys.executable, "-c", SYNTHESIZE, tokens],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for tokens in ("0", "7")
    ]
    assert names[0] == names[1] and "-nb-" in names[0]


def test_rights_may_be_granted_to_a_role_that_was_given() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    code = ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    pipeline = TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage, role=role)
    endpoint = ModelEndpoint(stack, "Endpoint", model=pipeline.model, execution_role=role)
    extra = s3.Bucket(stack, "Extra")
    extra.grant_read(endpoint.role).assert_success()
    extra.grant_read(pipeline.roles.train).assert_success()
    assert "Extra" in json.dumps(of_type(template_of(stack), "AWS::IAM::Policy"))


def test_an_alias_of_a_key_is_refused_because_policies_on_it_grant_nothing() -> None:
    stack = new_stack("Shop")
    alias = kms.Alias.from_alias_name(stack, "Key", "alias/mine")
    buckets = [s3.Bucket.from_bucket_name(stack, name, name.lower()) for name in ("Data", "Artifacts")]
    storage = TrainingStorage(data=buckets[0], artifacts=buckets[1], key=alias)
    with pytest.raises(ValueError, match=r"storage\.key is an alias, alias/mine; allowed: the key itself"):
        NotebookInstance(stack, "Lab", network=NotebookNetwork(internet_access=True), storage=storage)
    code = ModelCode(name="churn", folder=ROOT / "models/spam", dataset="mails", shared=[ROOT / "models/modelkit"])
    gate = QualityGate(rules=[GateRule(metric="accuracy", minimum=0.85)])
    with pytest.raises(ValueError, match=r"storage\.key is an alias"):
        TrainingPipeline(stack, "Training", code=code, gate=gate, storage=storage)


def test_a_watchdog_refuses_what_it_could_never_stop() -> None:
    stack, other = new_stack("Shop"), new_stack("Labs")
    storage, elsewhere = PlatformStorage(stack, "Storage"), PlatformStorage(other, "Storage")
    topic = sns.Topic(stack, "Ops", master_key=storage.key)
    foreign = lab(other, "Lab", elsewhere).watched()
    with pytest.raises(ValueError, match=r"notebooks: labs.* does not begin with shop.*-nb-, so that the watchdog's role"):
        NotebookWatchdog(stack, "Watchdog", notebooks=[foreign], key=storage.key, alerts=topic)
    owners = [NotebookOwner(notebook=name, environment="dev", prefix="mlp-dev") for name in ("lab-1", "lab1")]
    alike = [lab(stack, owner.notebook, storage, owner=owner).watched() for owner in owners]
    with pytest.raises(ValueError, match="lab-1, lab1 differ in hyphens only"):
        NotebookWatchdog(stack, "Alike", notebooks=alike, key=storage.key, alerts=topic, prefix="mlp-dev")


@pytest.mark.parametrize("where", ["sibling", "parent"])
def test_storage_and_notebook_may_lie_in_nested_stacks(where: str) -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(NestedStack(stack, "Kept") if where == "sibling" else stack, "Storage")
    NotebookInstance(
        NestedStack(stack, "Work"), "Lab", network=NotebookNetwork(internet_access=True), storage=storage, log_group_name="/lab"
    )
    assert "AWS::CloudFormation::Stack" in str(template_of(stack))


def test_all_that_is_wrong_with_a_notebook_is_said_at_once() -> None:
    stack = new_stack("Shop")
    machine = NotebookMachine(instance_type="ml.huge", volume=Size.gibibytes(1), repositories=["https://a"] * 5)
    idle = IdleShutdown(idle=Duration.minutes(2), warning=Duration.minutes(10), max_keep_alive=Duration.minutes(90))
    work = NotebookWork(endpoint_lifetime=Duration.minutes(30))
    with pytest.raises(ValueError, match="NotebookInstance Shop/Lab") as caught:
        lab(stack, "Lab", PlatformStorage(stack, "Storage"), machine=machine, idle=idle, work=work)
    for expected in (
        "machine.instance_type is 'ml.huge'; SageMaker has no instance type",
        "machine.volume is 1; allowed: 5 to 16384 GiB",
        "machine.repositories has 5 entries; allowed: 0 to 4",
        "idle.idle is 2; allowed: 5 to 1440 minutes",
        "idle.warning is 10 of 2 minutes; allowed: less than idle.idle",
        "idle.max_keep_alive is 1.5 hours; allowed: whole hours, 1 to 168",
        "work.endpoint_lifetime is 0.5 hours; allowed: whole hours, 1 to 168",
    ):
        assert expected in str(caught.value)


def test_an_own_stack_is_clean_as_delivered() -> None:
    stack = new_stack("Shop")
    storage = PlatformStorage(stack, "Storage")
    own_model(stack, "Churn", storage, PredictionApi(stack, "Api", api_name="shop", key=storage.key))
    assert findings(stack) == []


def test_a_stack_that_is_not_clean_is_found_out() -> None:
    stack = new_stack("Shop")
    s3.Bucket(stack, "Open")
    assert any("AwsSolutions-S1" in rule for rule in findings(stack))
