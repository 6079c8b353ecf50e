"""Notebook instances: what is created, what is kept, and what an instance is told."""

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, Size, Stack
from aws_cdk.assertions import Match, Template

from ml_platform import (
    ClientBundle,
    FrameworkImage,
    IdleShutdown,
    KeepHours,
    NotebookInstance,
    NotebookMachine,
    NotebookNetwork,
    NotebookOwner,
    NotebookWork,
    PlatformStorage,
)
from ml_platform.notebook import lifecycle as lifecycle_module
from ml_platform.notebook.client_bundle import pack
from ml_platform.notebook.notebook_instance import instance_name
from tests.helpers import new_stack, of_type, template_of

INSTANCE, CONFIG = "AWS::SageMaker::NotebookInstance", "AWS::SageMaker::NotebookInstanceLifecycleConfig"
INTERNET = NotebookNetwork(internet_access=True)
VPC_ONLY = NotebookNetwork(subnet_id="subnet-0a1b2c3d", security_group_ids=["sg-0a1b2c3d", "sg-1a1b2c3d"])
OWNER = NotebookOwner(notebook="demo", environment="test", prefix="mlp-test")


@pytest.fixture
def client_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mlp"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "__init__.py").write_text("x = 1")
    (folder / "notes.txt").write_text("no")
    (folder / "data/rows.py").write_text("no")
    (folder / "__pycache__/cached.py").write_text("no")
    return folder


def build(folder: Path, stack: Stack | None = None, construct_id: str = "Demo", **changes: Any) -> Stack:
    stack = stack or new_stack()
    storage = stack.node.try_find_child("Storage") or PlatformStorage(stack, "Storage")
    values: dict[str, Any] = {
        "owner": OWNER,
        "machine": NotebookMachine(),
        "network": INTERNET,
        "idle": IdleShutdown(),
        "client": stack.node.try_find_child("Client") or ClientBundle(stack, "Client", folders={"mlp": folder}),
        "image": stack.node.try_find_child("Image") or FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0"),
        "work": NotebookWork(models={"spam": "mlp-test-spam"}),
        "storage": storage,
        "log_group_name": "/mlp-test/notebooks",
    }
    NotebookInstance(stack, construct_id, **{**values, **changes})
    return stack


def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Record what the lifecycle script is rendered from."""
    calls: list[dict[str, Any]] = []

    def record(**values: Any) -> str:
        calls.append(values)
        return json.dumps(values)

    monkeypatch.setattr(lifecycle_module, "render", record)
    return calls


def test_an_instance_is_encrypted_modern_and_closed_by_default(client_folder: Path) -> None:
    instance = of_type(template_of(build(client_folder)), INSTANCE)[0]
    assert instance["PlatformIdentifier"] == "notebook-al2023-v1"
    assert instance["InstanceMetadataServiceConfiguration"] == {"MinimumInstanceMetadataServiceVersion": "2"}
    assert instance["RootAccess"] == "Disabled"
    assert (instance["InstanceType"], instance["VolumeSizeInGB"]) == ("ml.t3.medium", 20)
    assert "KmsKeyId" in instance and "DefaultCodeRepository" not in instance
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]} == {
        "ml-platform:notebook": "demo",
        "ml-platform:environment": "mlp-test",
    }


def test_an_instance_is_what_its_machine_says(client_folder: Path) -> None:
    repositories = [f"https://github.com/a/{name}" for name in "xyz"]
    machine = NotebookMachine(
        instance_type="ml.m5.xlarge", volume=Size.gibibytes(100), root_access=True, repositories=repositories
    )
    instance = of_type(template_of(build(client_folder, machine=machine)), INSTANCE)[0]
    assert (instance["InstanceType"], instance["VolumeSizeInGB"], instance["RootAccess"]) == ("ml.m5.xlarge", 100, "Enabled")
    assert instance["DefaultCodeRepository"] == repositories[0]
    assert instance["AdditionalCodeRepositories"] == repositories[1:]


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (INTERNET, ("Enabled", None, None)),
        (VPC_ONLY, ("Disabled", "subnet-0a1b2c3d", ["sg-0a1b2c3d", "sg-1a1b2c3d"])),
        (
            NotebookNetwork(subnet_id="subnet-0a1b2c3d", security_group_ids=["sg-0a1b2c3d"], internet_access=True),
            ("Enabled", "subnet-0a1b2c3d", ["sg-0a1b2c3d"]),
        ),
    ],
    ids=["the internet alone", "a VPC alone", "both"],
)
def test_an_instance_has_the_network_that_was_chosen(client_folder: Path, network: NotebookNetwork, expected: tuple) -> None:
    instance = of_type(template_of(build(client_folder, network=network)), INSTANCE)[0]
    assert (instance["DirectInternetAccess"], instance.get("SubnetId"), instance.get("SecurityGroupIds")) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "has no network but the internet"),
        ({"subnet_id": "subnet-0123456789abcdef0"}, "subnet_id and security_group_ids go together"),
        ({"security_group_ids": ["sg-0123456789abcdef0"], "internet_access": True}, "give both or neither"),
    ],
)
def test_networks_that_cannot_be_are_refused(values: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        NotebookNetwork(**values)


@pytest.mark.parametrize(("destroy", "expected"), [(False, "Retain"), (True, "Delete")])
def test_disk_and_lifecycle_outlive_the_stack_and_a_replacement_unless_they_may_be_destroyed(
    client_folder: Path, destroy: bool, expected: str
) -> None:
    entries = template_of(build(client_folder, destroy=destroy))["Resources"].values()
    kept = [entry for entry in entries if entry["Type"] in (INSTANCE, CONFIG)]
    assert {(entry["DeletionPolicy"], entry["UpdateReplacePolicy"]) for entry in kept} == {(expected, expected)}


def test_what_replaces_an_instance_changes_its_name_and_nothing_else_does() -> None:
    names = {instance_name(OWNER, network) for network in (INTERNET, VPC_ONLY)}
    swapped = NotebookNetwork(subnet_id="subnet-0a1b2c3d", security_group_ids=["sg-1a1b2c3d", "sg-0a1b2c3d"])
    both = NotebookNetwork(subnet_id="subnet-0a1b2c3d", security_group_ids=["sg-0a1b2c3d", "sg-1a1b2c3d"], internet_access=True)
    assert instance_name(OWNER, swapped) in names
    assert instance_name(OWNER, both) not in names
    assert len(names) == 2
    for name in names:
        assert name.startswith("mlp-test-nb-demo-") and len(name.rpartition("-")[2]) == 4


def test_instance_and_lifecycle_configuration_share_a_name(client_folder: Path) -> None:
    template = template_of(build(client_folder))
    name = of_type(template, INSTANCE)[0]["NotebookInstanceName"]
    assert of_type(template, CONFIG)[0]["NotebookInstanceLifecycleConfigName"] == name == instance_name(OWNER, INTERNET)


def test_a_name_that_sagemaker_would_not_take_is_refused() -> None:
    owner = NotebookOwner(notebook="n" * 20, environment="x", prefix="p" * 40)
    with pytest.raises(ValueError, match=r"SageMaker takes 63\. Shorten the notebook's name"):
        instance_name(owner, INTERNET)


def test_types_with_local_disks_are_refused(client_folder: Path) -> None:
    with pytest.raises(ValueError, match=r"'ml\.g5\.xlarge', which has local NVMe disks.*such as ml\.m5\.xlarge"):
        build(client_folder, machine=NotebookMachine(instance_type="ml.g5.xlarge"))


def test_the_first_start_waits_for_all_rights(client_folder: Path) -> None:
    template = template_of(build(client_folder))
    entry = next(entry for entry in template["Resources"].values() if entry["Type"] == INSTANCE)
    policies = {name for name, other in template["Resources"].items() if other["Type"] == "AWS::IAM::ManagedPolicy"}
    assert policies and policies <= set(entry["DependsOn"])


def test_the_agent_and_the_client_are_told_what_they_need(client_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = told(monkeypatch)
    keep = KeepHours(days=["mon"], begin="08:00", end="18:00", timezone="Europe/Berlin")
    idle = IdleShutdown(idle=Duration.minutes(30), warning=Duration.minutes(5), keep_hours=keep)
    stack = build(client_folder, idle=idle, network=VPC_ONLY)
    agent, client = calls[-1]["idle"], stack.resolve(calls[-1]["platform"])
    digest = agent.pop("lifecycle")
    assert agent == {
        "idle_minutes": 30,
        "warn_minutes": 5,
        "keep_hours": {"days": ["mon"], "from": "08:00", "to": "18:00", "timezone": "Europe/Berlin"},
        "period_seconds": 60,
        "log_group": "/mlp-test/notebooks",
        "namespace": "MLPlatform/Notebooks",
        "home": "/home/ec2-user",
        "metadata": "/opt/ml/metadata/resource-metadata.json",
        "max_keep_alive_hours": 24,
    }
    assert len(digest) == 12 and int(digest, 16) >= 0
    assert client["instance"] == instance_name(OWNER, VPC_ONLY)
    assert (client["environment"], client["prefix"], client["notebook"]) == ("test", "mlp-test", "demo")
    assert (client["subnets"], client["security_groups"]) == (["subnet-0a1b2c3d"], ["sg-0a1b2c3d", "sg-1a1b2c3d"])
    assert client["models"] == {"spam": "mlp-test-spam"} and list(client["images"]) == ["sklearn"]
    assert (client["packages"], client["endpoint_hours"], client["region"]) == ([], 8, "eu-central-1")
    assert {"data_bucket", "artifacts_bucket", "key_arn", "job_role_arn"} <= set(client)
    bundle = stack.resolve(calls[-1]["bundle"])
    assert bundle["sha256"] == hashlib.sha256(pack({"mlp": client_folder})).hexdigest()
    assert json.dumps(bundle["uri"]).count("s3://cdk-")
    assert "notebooks/demo/jobs" in calls[-1]["sdk_defaults"]


def test_the_lifecycles_digest_changes_with_what_the_script_says_and_with_nothing_else(
    client_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = told(monkeypatch)

    def digest(**changes: Any) -> str:
        build(client_folder, **changes)
        return str(calls[-1]["idle"]["lifecycle"])

    first = digest()
    assert digest() == digest(machine=NotebookMachine(instance_type="ml.m5.xlarge")) == first
    assert digest(idle=IdleShutdown(idle=Duration.minutes(61))) != first


def test_the_script_is_what_cloudformation_makes_base64_of(client_folder: Path) -> None:
    Template.from_stack(build(client_folder)).has_resource_properties(
        CONFIG, {"OnStart": [{"Content": {"Fn::Base64": Match.any_value()}}]}
    )


def test_two_of_them_fit_into_one_stack(client_folder: Path) -> None:
    stack = build(client_folder)
    other = NotebookOwner(notebook="other", environment="test", prefix="mlp-test")
    assert len(of_type(template_of(build(client_folder, stack, "Other", owner=other)), INSTANCE)) == 2


def test_the_client_is_packed_without_data_and_caches_and_depends_on_nothing_else(client_folder: Path) -> None:
    first = pack({"mlp": client_folder})
    (client_folder / "__init__.py").touch()
    (client_folder / "__init__.py").chmod(0o600)
    assert pack({"mlp": client_folder}) == first
    with zipfile.ZipFile(BytesIO(first)) as archive:
        of_the_client = [name for name in archive.namelist() if name.startswith("mlp/")]
        assert of_the_client == ["mlp/__init__.py"]
        assert {"__main__.py", "idle_agent/decide.py", "setup/labextension/package.json"} <= set(archive.namelist())
    (client_folder / "__init__.py").write_text("x = 2")
    assert pack({"mlp": client_folder}) != first


def test_a_client_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere has no .*files to pack; is it the right folder\?"):
        pack({"mlp": tmp_path / "nowhere"})
