"""Steps that run a job: processing and training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_platform.instance_storage import has_local_nvme
from ml_platform.pipeline.expressions import Expression

PROCESSING = "/opt/ml/processing"
"""Where SageMaker mounts the inputs and outputs of a processing job."""


@dataclass(frozen=True, kw_only=True)
class ProcessingInput:
    """Objects under an S3 prefix, copied to `/opt/ml/processing/input/<name>` before the job starts."""

    name: str
    s3_uri: str | Expression

    @property
    def path(self) -> str:
        """Folder in the container."""
        return f"{PROCESSING}/input/{self.name}"

    def render(self) -> dict[str, Any]:
        """Render as an element of ProcessingInputs."""
        source = {
            "S3Uri": self.s3_uri,
            "LocalPath": self.path,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        }
        return {"InputName": self.name, "S3Input": source}


@dataclass(frozen=True, kw_only=True)
class ProcessingOutput:
    """Files of `/opt/ml/processing/output/<name>`, copied to an S3 prefix when the job has ended."""

    name: str
    s3_uri: str | Expression

    @property
    def path(self) -> str:
        """Folder in the container."""
        return f"{PROCESSING}/output/{self.name}"

    def render(self) -> dict[str, Any]:
        """Render as an element of Outputs."""
        target = {"S3Uri": self.s3_uri, "LocalPath": self.path, "S3UploadMode": "EndOfJob"}
        return {"OutputName": self.name, "S3Output": target}


@dataclass(frozen=True, kw_only=True)
class ProcessingStep:
    """A processing job.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
    """

    name: str
    image_uri: str
    role_arn: str
    kms_key_arn: str
    instance_type: str
    volume_gb: int
    max_runtime_seconds: int
    entrypoint: Sequence[str]
    arguments: Sequence[str]
    inputs: Sequence[ProcessingInput]
    outputs: Sequence[ProcessingOutput]
    property_files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Output and file by the name under which conditions read them."""

    def render(self) -> dict[str, Any]:
        """Render as a step of the definition."""
        step: dict[str, Any] = {"Name": self.name, "Type": "Processing", "Arguments": self._arguments()}
        if self.property_files:
            step["PropertyFiles"] = [
                {"PropertyFileName": name, "OutputName": output, "FilePath": path}
                for name, (output, path) in self.property_files.items()
            ]
        return step

    def _arguments(self) -> dict[str, Any]:
        cluster = {
            "InstanceType": self.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": self.volume_gb,
            **_volume_key(self.instance_type, self.kms_key_arn),
        }
        return {
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": {
                "ImageUri": self.image_uri,
                "ContainerEntrypoint": list(self.entrypoint),
                "ContainerArguments": list(self.arguments),
            },
            "RoleArn": self.role_arn,
            "ProcessingInputs": [item.render() for item in self.inputs],
            "ProcessingOutputConfig": {
                "KmsKeyId": self.kms_key_arn,
                "Outputs": [item.render() for item in self.outputs],
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_seconds},
            "NetworkConfig": {"EnableNetworkIsolation": True},
        }


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Training input, copied to `/opt/ml/input/data/<name>`."""

    name: str
    s3_uri: str | Expression

    def render(self) -> dict[str, Any]:
        """Render as an element of InputDataConfig."""
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": self.s3_uri,
            "S3DataDistributionType": "FullyReplicated",
        }
        return {"ChannelName": self.name, "InputMode": "File", "DataSource": {"S3DataSource": source}}


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """A training job in script mode.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    """

    name: str
    image_uri: str
    role_arn: str
    kms_key_arn: str
    instance_type: str
    instance_count: int
    volume_gb: int
    max_runtime_seconds: int
    hyperparameters: Mapping[str, str]
    channels: Sequence[Channel]
    output_s3_uri: str | Expression

    def render(self) -> dict[str, Any]:
        """Render as a step of the definition."""
        return {"Name": self.name, "Type": "Training", "Arguments": self._arguments()}

    def _arguments(self) -> dict[str, Any]:
        resources = {
            "InstanceType": self.instance_type,
            "InstanceCount": self.instance_count,
            "VolumeSizeInGB": self.volume_gb,
            **_volume_key(self.instance_type, self.kms_key_arn),
        }
        return {
            "AlgorithmSpecification": {"TrainingImage": self.image_uri, "TrainingInputMode": "File"},
            "HyperParameters": dict(self.hyperparameters),
            "InputDataConfig": [channel.render() for channel in self.channels],
            "OutputDataConfig": {"S3OutputPath": self.output_s3_uri, "KmsKeyId": self.kms_key_arn},
            "ResourceConfig": resources,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_seconds},
            "RoleArn": self.role_arn,
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": self.instance_count > 1,
        }


def _volume_key(instance_type: str, key_arn: str) -> dict[str, str]:
    """Return the volume's key; SageMaker refuses one on types whose local disks encrypt by themselves."""
    return {} if has_local_nvme(instance_type) else {"VolumeKmsKeyId": key_arn}
