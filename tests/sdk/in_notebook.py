"""A deployed notebook: its role, and what a person passes to the SDK in it."""

import importlib.util
import json
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from deployed import ACCOUNT, PREFIX, REGION, ROOT, Deployed

NAME, OTHER = "demo", "other"
NOTEBOOK_TAG, ENVIRONMENT_TAG, EXPIRES_TAG = "ml-platform:notebook", "ml-platform:environment", "ml-platform:expires"
TAGS = {NOTEBOOK_TAG: NAME, ENVIRONMENT_TAG: PREFIX}
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
SERVING = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


def sdk_defaults() -> ModuleType:
    """The construct library's renderer, by its file: the library itself needs the CDK, which this interpreter has not."""
    file = ROOT / "constructs/ml_platform/notebook/sdk_defaults.py"
    specification = importlib.util.spec_from_file_location("sdk_defaults", file)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Notebook:
    """What the lifecycle script has written on the instance, and the role under which people work there."""

    root: Path
    role_arn: str

    @cached_property
    def _platform(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "opt/ml-platform/platform.json").read_text())
        return found

    @property
    def artifacts(self) -> str:
        return str(self._platform["artifacts_bucket"])

    @property
    def key_arn(self) -> str:
        return str(self._platform["key_arn"])

    @property
    def job_role_arn(self) -> str:
        return str(self._platform["job_role_arn"])

    @property
    def defaults(self) -> Path:
        """The SDK's defaults file."""
        return self.root / "etc/xdg/sagemaker/config.yaml"

    @cached_property
    def sdk(self) -> ModuleType:
        """`mlp.sdk` of the client that is installed on the instance."""
        sys.path.insert(0, str(self.root / "opt/ml-platform/client"))
        return importlib.import_module("mlp.in_notebook.sdk")

    def trainer(self, **changes: Any) -> dict[str, Any]:
        """Arguments of `ModelTrainer` that the SDK takes from no defaults file."""
        return {**self.sdk.trainer(), **changes}

    def builder(self) -> dict[str, Any]:
        """Arguments of `ModelBuilder` that the SDK takes from no defaults file."""
        found: dict[str, Any] = self.sdk.builder()
        return found

    def endpoint(self, hours: float = 8) -> dict[str, Any]:
        """Arguments of `ModelBuilder.deploy` that the SDK takes from no defaults file."""
        found: dict[str, Any] = self.sdk.endpoint(hours)
        return found


def deployed_notebook(deployed: Deployed) -> Notebook:
    """The notebook of config/local.yaml, under a role with its role's policies that this process may assume.

    What its lifecycle script has written is read while it runs, and after it has gone to sleep.
    """
    role = _twin(deployed, deployed.role_arn("Notebooks", "DemoNotebookNotebookRole"))
    [root] = (deployed.state / "notebooks").glob("mlp-local-nb-demo-*")
    client, deadline = root / "opt/ml-platform/client/mlp/in_notebook/sdk.py", time.monotonic() + 30
    while not client.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    return Notebook(root, role)


def _twin(deployed: Deployed, role_arn: str) -> str:
    """Create a role with the same policies; SageMaker's own trusts nobody but the service."""
    iam, name = deployed.client("iam"), role_arn.rpartition("/")[2]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="sdk-notebook", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.attach_role_policy(RoleName="sdk-notebook", PolicyArn=policy["PolicyArn"])
    return str(arn)
