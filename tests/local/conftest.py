"""The platform of config/local.yaml, deployed once per session to an embedded AWS of its own, with IAM enforced.

A minute of platform time passes in a second there.
"""

import io
import json
import os
import socket
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config

from mlp import datasets
from mlp.deployment import local
from mlp.deployment.deploy import deploy_locally
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import Failed
from mlp.runs import prediction, registry, training
from mlp.runs.registry import Version

ROOT = Path(__file__).parents[2]
MODEL = "spam"
ACCOUNT, REGION = "000000000000", "us-east-1"
CLOCK = 60
DATA = ROOT / "models/spam/data/spam7.csv"
NOTEBOOKS = Path(__file__).with_name("notebooks.yaml")
ONE_TRY = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=70)


@dataclass
class Platform:
    """The deployed platform, and what tests do with it."""

    environment: PlatformEnvironment
    first: Version = field(init=False)
    before_release: str = field(init=False)
    """What the prediction route said before any version was approved."""

    def client(self, service: str) -> Any:
        return self.environment.client(service)

    @property
    def url(self) -> str:
        assert self.environment.embedded
        return self.environment.embedded.url

    @property
    def data(self) -> str:
        return self.environment.outputs("Foundation")["DataBucket"]

    @property
    def artifacts(self) -> str:
        return self.environment.outputs("Foundation")["ArtifactsBucket"]

    def train(self, **parameters: str) -> training.Run:
        """Train a version that is compared with no other: tests leave all kinds of versions deployed."""
        parameters = {"CompareWith": "none", **parameters}
        return training.follow(self.environment, training.start(self.environment, MODEL, parameters))

    def version(self, number: int) -> Version:
        return registry.pick(self.environment, MODEL, number)

    def approve(self, version: Version) -> None:
        registry.set_approval(self.environment, version, "Approved", "test")

    def release(self, version: Version, minutes: float = 3) -> None:
        registry.release(self.environment, MODEL, version, "test", minutes)

    def served(self) -> int | None:
        return registry.served(self.environment, MODEL)

    def stack_status(self) -> str:
        return str(self.environment.stack("Serving", MODEL)["StackStatus"])

    def role_arn(self, stack: str, model: str | None, logical: str) -> str:
        name = self.environment.stack_name(stack, model)
        resources = self.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        found = [r for r in resources if r["ResourceType"] == "AWS::IAM::Role" and r["LogicalResourceId"].startswith(logical)]
        assert len(found) == 1, [r["LogicalResourceId"] for r in resources]
        return f"arn:aws:iam::{ACCOUNT}:role/{found[0]['PhysicalResourceId']}"

    def register(self, serve: str, model: bytes = b"") -> Version:
        """Register a version whose artifact has the serving code `serve`."""
        key = f"models/{MODEL}/model/{uuid.uuid4().hex}/job/output/model.tar.gz"
        self.client("s3").put_object(Bucket=self.artifacts, Key=key, Body=artifact(serve, model))
        template = self.client("sagemaker").describe_model_package(ModelPackageName=self.first.arn)
        specification = template["InferenceSpecification"]
        container = {k: v for k, v in specification["Containers"][0].items() if k in ("Image", "Environment")}
        specification["Containers"] = [{**container, "ModelDataUrl": f"s3://{self.artifacts}/{key}"}]
        arn = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.environment.model_name(MODEL),
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification=specification,
        )["ModelPackageArn"]
        return self.version(int(arn.rpartition("/")[2]))


ANSWERS = """
import json, os
VERSION = os.environ["MODEL_PACKAGE_ARN"].rpartition("/")[2]
def model_fn(model_dir): return None
def input_fn(body, content_type): return json.loads(body)["instances"]
def predict_fn(instances, model): return {"predictions": [{"class": "wanted", "probability": 1.0}] * len(instances), "model_version": VERSION}
def output_fn(answer, accept): return json.dumps(answer), "application/json"
"""
"""Serving code that answers without a model."""


def artifact(serve: str, model: bytes = b"") -> bytes:
    """Return a model.tar.gz with the serving code `serve`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in (("code/serve.py", serve.encode()), ("model.joblib", model)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def wait_for(what: Callable[[], Any], seconds: float = 60, every: float = 0.3) -> Any:
    """Return the first true value of `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"nothing came of it within {seconds} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform, deployed, with data, but nothing trained."""
    os.environ["MLP_STATE_DIR"] = str(tmp_path_factory.mktemp("state"))
    try:
        platform = Platform(deploy_locally("local", free_port(), {}, clock=CLOCK, models=[MODEL]))
        datasets.put(platform.environment, MODEL, [DATA])
        yield platform
    finally:
        local.stop()
        del os.environ["MLP_STATE_DIR"]


@pytest.fixture(scope="session")
def notebooks(deployed: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The platform with the notebooks of notebooks.yaml beside its own, all of them deployed."""
    from tests.local.notebook_platform import Notebooks

    folder = tmp_path_factory.mktemp("config")
    config, more = (yaml.safe_load(file.read_text()) for file in (ROOT / "config/local.yaml", NOTEBOOKS))
    config["notebooks"] |= more["notebooks"]
    (folder / "local.yaml").write_text(yaml.safe_dump(config))
    os.environ["MLP_CONFIG_DIR"] = str(folder)
    try:
        embedded = deployed.environment.embedded
        assert embedded
        deployed.environment = deploy_locally("local", embedded.port, {}, clock=CLOCK, models=[MODEL])
        yield Notebooks(deployed)
    finally:
        del os.environ["MLP_CONFIG_DIR"]


@pytest.fixture(scope="session")
def trained(deployed: Platform) -> None:
    """Some version of the model has been trained, whether or not it is approved."""
    if not registry.versions(deployed.environment, MODEL):
        deployed.train()


@pytest.fixture(scope="session")
def platform(deployed: Platform) -> Platform:
    """The platform with a first version that was trained, approved and serves."""
    run = deployed.train()
    deployed.first = deployed.version(run.version)
    assert deployed.served() is None
    with pytest.raises(Failed) as caught:
        prediction.predict(deployed.environment, MODEL, [prediction.sample_of(deployed.environment, MODEL)])
    deployed.before_release = str(caught.value)
    deployed.release(deployed.first)
    return deployed


@pytest.fixture(scope="session")
def as_role(deployed: Platform) -> Callable[[str], Callable[[str], Any]]:
    """Return a function from a role's ARN to a maker of clients with its rights.

    Service roles trust services only, so a copy with the same policies, trusted by the account, is assumed instead.
    """
    iam, sts = deployed.client("iam"), deployed.client("sts")
    copies: dict[str, str] = {}

    def copy(role_arn: str) -> str:
        name, twin = role_arn.rpartition("/")[2], f"twin-{uuid.uuid4().hex[:12]}"
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName=twin, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        assert not iam.list_role_policies(RoleName=name)["PolicyNames"], "the platform has no inline policies"
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.attach_role_policy(RoleName=twin, PolicyArn=policy["PolicyArn"])
        return str(arn)

    def clients(role_arn: str) -> Callable[[str], Any]:
        twin = copies.setdefault(role_arn, copy(role_arn))
        found = sts.assume_role(RoleArn=twin, RoleSessionName="test")["Credentials"]
        session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], REGION)
        return lambda service: session.client(service, endpoint_url=deployed.url, config=ONE_TRY)

    return clients
