"""The platform of config/local.yaml on an embedded AWS of its own, started by the project's interpreter."""

import os
import socket
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "000000000000", "us-east-1"
PREFIX = "mlp-local"


class Deployed:
    """A running platform, seen with its root's eyes."""

    def __init__(self, state: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.state = state
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._mlp("up", "--port", str(self._port))

    def stop(self) -> None:
        self._mlp("down")

    def _mlp(self, *words: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "SAGEMAKER_"))}
        environment = {**kept, "MLP_STATE_DIR": str(self.state), "LOCAL_AWS_CLOCK": "60"}
        command = [ROOT / ".venv/bin/python", "-m", "mlp", *words]
        ended = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session("test", "test", region_name=REGION)

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.url)

    @cached_property
    def _outputs(self) -> dict[str, str]:
        stack = self.client("cloudformation").describe_stacks(StackName=f"{PREFIX}-Foundation")["Stacks"][0]
        return {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}

    @property
    def data(self) -> str:
        return self._outputs["DataBucket"]

    @property
    def artifacts(self) -> str:
        return self._outputs["ArtifactsBucket"]

    @cached_property
    def key_arn(self) -> str:
        resources = self.client("cloudformation").describe_stack_resources(StackName=f"{PREFIX}-Foundation")["StackResources"]
        [key] = [entry["PhysicalResourceId"] for entry in resources if entry["ResourceType"] == "AWS::KMS::Key"]
        return self.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]

    def role_arn(self, stack: str, logical: str) -> str:
        """ARN of the one role of a stack whose logical id begins with `logical`."""
        resources = self.client("cloudformation").describe_stack_resources(StackName=f"{PREFIX}-{stack}")["StackResources"]
        roles = [entry for entry in resources if entry["ResourceType"] == "AWS::IAM::Role"]
        [name] = [r["PhysicalResourceId"] for r in roles if r["LogicalResourceId"].startswith(logical)]
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def tags(self, arn: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
