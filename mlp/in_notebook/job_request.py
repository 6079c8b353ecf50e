"""A training job as CreateTrainingJob takes it: script mode, and all that the platform asks of a job."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlp.in_notebook import names
from mlp.in_notebook.channels import CODE, rendered
from mlp.in_notebook.checks import check_choice, check_range
from mlp.in_notebook.instances import TRAINING, check_instance_type
from mlp.in_notebook.platform import NotebookPlatform
from mlp.platform.errors import MlpError
from platform_contract.hyperparameters import encoded
from platform_contract.instances import has_local_nvme

Value = str | int | float | bool
QUIET = "30"
"""Log level of the toolkit that runs the script: at its default it writes some hundred lines of its own first."""
MAX_MINUTES = 28 * 24 * 60


@dataclass(frozen=True)
class Resources:
    """Machines and limits of a job, as a person gives them."""

    instance_type: str
    instance_count: int
    volume_gb: int
    max_minutes: float
    framework: str
    internet: bool

    def check(self, platform: NotebookPlatform) -> None:
        """Raise MlpError for what SageMaker or the platform does not offer."""
        check_choice("framework", self.framework, list(platform.images), "The platform's images are in its configuration")
        check_instance_type(platform.client("sagemaker"), TRAINING, self.instance_type)
        check_range("instance_count", self.instance_count, 1, 100, "servers that train together")
        check_range("volume_gb", self.volume_gb, 1, 16384, "GiB for data and model on each server")
        check_range("max_minutes", self.max_minutes, 1, MAX_MINUTES, "then the job is stopped", whole=False)


def hyperparameters(given: Mapping[str, Value] | None) -> dict[str, str]:
    """Return hyperparameters as script mode reads them: JSON texts that become the script's `--name value`.

    Raises
    ------
    MlpError
        If there are too many, or one cannot be such an argument.
    """
    try:
        return encoded({} if given is None else given)
    except ValueError as problem:
        raise MlpError(str(problem)) from None


@dataclass(frozen=True)
class TrainingJob:
    """Everything that is known once code and data lie in S3."""

    name: str
    program: str
    code_uri: str
    channels: Mapping[str, str]
    """S3 URI by channel."""
    hyperparameters: Mapping[str, str]
    resources: Resources

    def request(self, platform: NotebookPlatform) -> dict[str, Any]:
        """Return the parameters of CreateTrainingJob.

        Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
        """
        wanted = self.resources
        # The code comes as a channel: with network isolation nothing inside the container could fetch it.
        script = {
            "sagemaker_program": json.dumps(self.program),
            "sagemaker_submit_directory": json.dumps(f"/opt/ml/input/data/{CODE}/{self.code_uri.rpartition('/')[2]}"),
            "sagemaker_container_log_level": QUIET,
        }
        return {
            "TrainingJobName": self.name,
            "AlgorithmSpecification": {"TrainingImage": platform.images[wanted.framework], "TrainingInputMode": "File"},
            "RoleArn": platform.job_role_arn,
            "HyperParameters": {**self.hyperparameters, **script},
            "InputDataConfig": [rendered(name, uri) for name, uri in {**self.channels, CODE: self.code_uri}.items()],
            "OutputDataConfig": {"S3OutputPath": platform.own_uri("jobs"), "KmsKeyId": platform.key_arn},
            "ResourceConfig": self._machines(platform),
            "StoppingCondition": {"MaxRuntimeInSeconds": round(wanted.max_minutes * 60)},
            "EnableNetworkIsolation": not wanted.internet,
            "EnableInterContainerTrafficEncryption": wanted.instance_count > 1,
            "Tags": names.tags(platform),
            **platform.network,
        }

    def _machines(self, platform: NotebookPlatform) -> dict[str, Any]:
        wanted = self.resources
        key = {} if has_local_nvme(wanted.instance_type) else {"VolumeKmsKeyId": platform.key_arn}
        return {
            "InstanceType": wanted.instance_type,
            "InstanceCount": wanted.instance_count,
            "VolumeSizeInGB": wanted.volume_gb,
            **key,
        }
