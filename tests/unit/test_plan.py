"""`mlp plan`: what a deployment does to notebooks, in words, and what is refused without a flag."""

import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from mlp.deployment import deploy as deployment
from mlp.deployment import plan as planning
from mlp.deployment.plan_notebooks import REPLACING, NotebookChange, notebook_changes
from mlp.platform.errors import MlpError
from tests.unit.fake_aws import FakeClient, refusal

ROOT = Path(__file__).parents[2]
INSTANCE = "mlp-dev-nb-anna-1a2b"


def template() -> dict[str, Any]:
    """A Notebooks stack with one notebook."""
    notebook = {
        "Type": "AWS::SageMaker::NotebookInstance",
        "Properties": {
            "NotebookInstanceName": INSTANCE,
            "InstanceType": "ml.t3.medium",
            "VolumeSizeInGB": 20,
            "PlatformIdentifier": "notebook-al2023-v1",
            "DirectInternetAccess": "Enabled",
            "KmsKeyId": {"Fn::ImportValue": "key"},
            "SubnetId": "subnet-1",
            "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}],
            "LifecycleConfigName": {"Fn::GetAtt": ["Script", "NotebookInstanceLifecycleConfigName"]},
            "Tags": [{"Key": "ml-platform:notebook", "Value": "anna"}],
        },
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }
    script = {
        "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        "Properties": {"NotebookInstanceLifecycleConfigName": INSTANCE, "OnStart": [{"Content": {"Fn::Base64": "old"}}]},
    }
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "notebooks", "VpcId": "vpc-1"}}
    return {"Resources": {"Anna": notebook, "Script": script, "Group": group, "Topic": {"Type": "AWS::SNS::Topic"}}}


def changed(resource: str = "Anna", **properties: Any) -> dict[str, Any]:
    after = template()
    after["Resources"][resource]["Properties"] |= properties
    return after


def only(before: dict[str, Any], after: dict[str, Any]) -> NotebookChange:
    (found,) = notebook_changes(before, after)
    return found


def test_properties_that_replace_are_those_of_the_types_own_schemas() -> None:
    for kind, properties in REPLACING.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        assert {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]} == set(properties), kind


def test_nothing_changes_nothing() -> None:
    assert notebook_changes(template(), template()) == []
    after = template()
    after["Resources"]["Topic"]["Properties"] = {"DisplayName": "x"}
    assert notebook_changes(template(), after) == []


def test_a_new_notebook_is_created() -> None:
    found = only({}, template())
    assert (found.notebook, found.kind, found.loses_disk) == ("anna", "created", False)
    assert str(found) == f"notebook anna: CREATED as {INSTANCE}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SubnetId": "subnet-2"}, "SubnetId changes from subnet-1 to subnet-2"),
        ({"DirectInternetAccess": "Disabled"}, "DirectInternetAccess changes from Enabled to Disabled"),
        ({"KmsKeyId": {"Fn::ImportValue": "other"}}, "KmsKeyId changes:"),
        ({"PlatformIdentifier": "notebook-al2023-v2"}, "PlatformIdentifier changes from notebook-al2023-v1 to"),
        ({"SecurityGroupIds": ["sg-1"]}, "SecurityGroupIds changes:"),
        ({"NotebookInstanceName": "mlp-dev-nb-anna-ffff"}, f"NotebookInstanceName changes from {INSTANCE} to"),
    ],
)
def test_what_replaces_a_notebook_is_named_with_its_cause(change: dict[str, Any], words: str) -> None:
    found = only(template(), changed(**change))
    assert found.loses_disk
    assert f"REPLACED because {words}" in found.words
    assert "the new instance starts with an empty disk" in found.words
    assert f"the old one, {INSTANCE}, is kept with its disk, outside of the platform, and goes on costing until" in found.words


def test_several_causes_are_all_named() -> None:
    found = only(template(), changed(SubnetId="subnet-2", DirectInternetAccess="Disabled"))
    assert "DirectInternetAccess changes from Enabled to Disabled and SubnetId changes" in found.words


def test_a_notebook_is_replaced_with_what_it_refers_to() -> None:
    found = only(template(), changed("Group", VpcId="vpc-2"))
    assert "SecurityGroupIds refers to Group, which is replaced because VpcId changes from vpc-1 to vpc-2" in found.words
    assert notebook_changes(template(), changed("Group", SecurityGroupEgress=[])) == []


def test_without_retention_the_disk_is_said_to_be_deleted() -> None:
    before, after = template(), changed(SubnetId="subnet-2")
    del after["Resources"]["Anna"]["UpdateReplacePolicy"]
    assert f"the old one, {INSTANCE}, is DELETED with its disk" in only(before, after).words


@pytest.mark.parametrize(("policy", "fate"), [("Retain", "is kept with its disk"), ("Delete", "is DELETED with its disk")])
def test_a_removed_notebook_says_what_becomes_of_its_disk(policy: str, fate: str) -> None:
    before, after = template(), template()
    before["Resources"]["Anna"]["DeletionPolicy"] = policy
    del after["Resources"]["Anna"]
    found = only(before, after)
    assert found.loses_disk
    assert found.words.startswith(f"REMOVED: the old one, {INSTANCE}, {fate}")


def test_a_larger_type_stops_and_starts_the_instance() -> None:
    found = only(template(), changed(InstanceType="ml.m5.xlarge", VolumeSizeInGB=50))
    assert not found.loses_disk
    assert found.words == (
        "updated in place (InstanceType from ml.t3.medium to ml.m5.xlarge and VolumeSizeInGB from 20 to 50): "
        "it is stopped and started, unsaved work in kernels is lost, files are kept"
    )


def test_tags_interrupt_nothing() -> None:
    tags = [{"Key": "ml-platform:notebook", "Value": "anna"}, {"Key": "cost", "Value": "1"}]
    assert only(template(), changed(Tags=tags)).words == "its tags change; nothing is interrupted"


@pytest.mark.parametrize("reference", [{"Fn::GetAtt": ["Script", "X"]}, {"Ref": "Script"}, {"Fn::GetAtt": "Script.X"}, INSTANCE])
def test_a_new_script_reaches_the_instance_at_its_next_start(reference: Any) -> None:
    before = changed(LifecycleConfigName=reference)
    after = deepcopy(before)
    after["Resources"]["Script"]["Properties"]["OnStart"] = [{"Content": {"Fn::Base64": "new"}}]
    assert only(before, after).words == "its lifecycle script changes; that reaches the instance at its next start"
    after["Resources"]["Anna"]["Properties"]["InstanceType"] = "ml.m5.xlarge"
    assert only(before, after).words.endswith("its lifecycle script changes; that reaches the instance at this start")


# --- the whole plan


class Environment:
    """What a plan asks of an environment."""

    name, embedded = "dev", None

    def __init__(self, deployed: dict[str, dict[str, Any]], account: str | None = None) -> None:
        def get_template(StackName: str, TemplateStage: str) -> dict[str, Any]:
            if StackName not in deployed:
                raise refusal("GetTemplate", "ValidationError", f"Stack with id {StackName} does not exist")
            return {"TemplateBody": deployed[StackName]}

        self.clients = {
            "cloudformation": FakeClient("cloudformation", {"get_template": get_template}),
            "sts": FakeClient("sts", {"get_caller_identity": {"Account": "111122223333"}}),
        }
        self.settings = type("S", (), {"platform": type("P", (), {"account": account})})

    def client(self, service: str) -> FakeClient:
        return self.clients[service]

    def stack_name(self, concern: str) -> str:
        return f"mlp-dev-{concern}"


def assembly(folder: Path, stacks: dict[str, dict[str, Any]]) -> Path:
    artifacts: dict[str, Any] = {"assets": {"type": "cdk:asset-manifest", "properties": {}}}
    for name, content in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(content))
        artifacts[name] = {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{name}.template.json"}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def test_stacks_are_compared_resource_by_resource(tmp_path: Path) -> None:
    after = changed(SubnetId="subnet-2")
    del after["Resources"]["Topic"]
    after["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue"}
    stacks = {"mlp-dev-Foundation": {"Resources": {}}, "mlp-dev-Gateway": template(), "mlp-dev-Notebooks": after}
    deployed = {"mlp-dev-Foundation": {"Resources": {}}, "mlp-dev-Notebooks": template()}
    found = planning.plan(Environment(deployed), assembly(tmp_path, stacks))
    assert {stack.stack: str(stack) for stack in found.stacks} == {
        "mlp-dev-Foundation": "unchanged",
        "mlp-dev-Gateway": "new, 4 added, 0 changed, 0 removed",
        "mlp-dev-Notebooks": "1 added, 1 changed, 1 removed",
    }
    assert [change.kind for change in found.notebooks if change.loses_disk] == ["replaced"]


def test_notebooks_that_left_the_configuration_with_their_stack_are_told(tmp_path: Path) -> None:
    found = planning.plan(Environment({"mlp-dev-Notebooks": template()}), assembly(tmp_path, {}))
    assert found.left_behind == [INSTANCE]
    assert found.notebooks == []


def test_a_replacement_is_refused_unless_it_is_named(tmp_path: Path) -> None:
    environment = Environment({"mlp-dev-Notebooks": template()})
    found = planning.plan(environment, assembly(tmp_path, {"mlp-dev-Notebooks": changed(SubnetId="subnet-2")}))
    for allowed in ([], ["bob"]):
        with pytest.raises(MlpError) as caught:
            planning.check(found, allowed, 'make deploy ENV=dev ALLOW_REPLACEMENT="{names}"')
        assert "notebook anna: REPLACED because SubnetId changes" in str(caught.value)
        assert str(caught.value).endswith('make deploy ENV=dev ALLOW_REPLACEMENT="anna"')
    planning.check(found, ["anna"], "")


def test_a_template_that_may_not_be_read_is_no_new_stack(tmp_path: Path) -> None:
    environment = Environment({})
    environment.clients["cloudformation"]._answers["get_template"] = refusal("GetTemplate", "AccessDenied")
    with pytest.raises(Exception, match="AccessDenied"):
        planning.plan(environment, assembly(tmp_path, {"mlp-dev-Notebooks": template()}))


def test_another_account_is_not_compared() -> None:
    planning.require_account(Environment({}))
    planning.require_account(Environment({}, "111122223333"))
    with pytest.raises(MlpError, match="of account 111122223333, but dev is deployed to 999999999999"):
        planning.require_account(Environment({}, "999999999999"))


# --- who looks at the plan before deploying


@pytest.mark.parametrize("deployed", [True, False])
def test_deploying_to_the_embedded_aws_looks_first_where_notebooks_are_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deployed: bool
) -> None:
    environment = Environment({"mlp-dev-Notebooks": template()} if deployed else {})
    stacks = {"Stacks": [{"StackName": "x", "StackStatus": "UPDATE_COMPLETE"}]}
    answer = stacks if deployed else refusal("DescribeStacks", "ValidationError", "does not exist")
    environment.clients["cloudformation"]._answers["describe_stacks"] = answer
    monkeypatch.setenv("MLP_STATE_DIR", str(tmp_path))
    synthesized: list[Path] = []

    def synthesize(_name: str, _variables: object, _log: Path, folder: Path, _models: object) -> None:
        synthesized.append(folder)
        folder.mkdir(exist_ok=True)
        assembly(folder, {"mlp-dev-Notebooks": changed(SubnetId="subnet-2")})

    monkeypatch.setattr(deployment.cdk, "synthesize", synthesize)
    if not deployed:
        assert deployment._checked_assembly(environment, {}, tmp_path / "log", [], None) is None
        assert not synthesized
        return
    with pytest.raises(MlpError, match="mlp up --env dev --allow-replacement anna"):
        deployment._checked_assembly(environment, {}, tmp_path / "log", [], None)
    assert deployment._checked_assembly(environment, {}, tmp_path / "log", ["anna"], None) == synthesized[-1]


def test_make_deploy_deploys_what_was_looked_at() -> None:
    said = subprocess.run(
        ["make", "--dry-run", "deploy", "ENV=dev", "ALLOW_REPLACEMENT=anna bob"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    plan, _, deploy = said.partition(" && ")
    assert "mlp plan --env dev --check --allow-replacement anna --allow-replacement bob --output cdk.out/dev" in plan
    assert "deploy --all --app cdk.out/dev" in deploy
