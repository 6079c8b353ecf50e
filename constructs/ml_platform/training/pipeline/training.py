"""The step that runs a training job in script mode."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aws_cdk import Duration

from ml_platform.training.pipeline.expressions import Expression
from ml_platform.training.pipeline.step import Step, breaks_pattern, cache_config, volume_key


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
class TrainingStep(Step):
    """A training job in script mode, without network access.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    """

    kind: ClassVar[str] = "Training"
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
    vpc_config: Mapping[str, Sequence[str]] | None = None
    """Subnets and SecurityGroupIds. Default: SageMaker's own network."""
    step_cache: Duration | None = None
    """How old a result of the same inputs may be to be taken instead of running again. Default: it always runs."""

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        yield from super().problems()
        names = [channel.name for channel in self.channels]
        yield from breaks_pattern("a channel's name", names, r"[A-Za-z0-9\.\-_]{1,64}")
        if len(set(names)) < len(names):
            yield f"two channels have one name: {', '.join(names)}"

    def _attributes(self) -> dict[str, Any]:
        return cache_config(self.step_cache)

    def _arguments(self) -> dict[str, Any]:
        resources = {
            "InstanceType": self.instance_type,
            "InstanceCount": self.instance_count,
            "VolumeSizeInGB": self.volume_gb,
            **volume_key(self.instance_type, self.kms_key_arn),
        }
        return {
            "AlgorithmSpecification": {"TrainingImage": self.image_uri, "TrainingInputMode": "File"},
            "HyperParameters": dict(self.hyperparameters),
            # SageMaker refuses an empty list.
            **({"InputDataConfig": [channel.render() for channel in self.channels]} if self.channels else {}),
            "OutputDataConfig": {"S3OutputPath": self.output_s3_uri, "KmsKeyId": self.kms_key_arn},
            "ResourceConfig": resources,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_seconds},
            "RoleArn": self.role_arn,
            "EnableNetworkIsolation": True,
            **({"VpcConfig": dict(self.vpc_config)} if self.vpc_config else {}),
            "EnableInterContainerTrafficEncryption": self.instance_count > 1,
        }
