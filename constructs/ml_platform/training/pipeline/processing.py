"""The step that runs a processing job: any command of an image."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aws_cdk import Duration

from ml_platform.training.pipeline.expressions import Expression
from ml_platform.training.pipeline.step import ENVIRONMENT_NAME, Step, breaks_pattern, cache_config, named, too_long, volume_key

PROCESSING = "/opt/ml/processing"
"""Where SageMaker mounts the inputs and outputs of a processing job."""
MAX_PLACES = 10
"""Inputs of a processing job, and outputs (API: ProcessingInputs, ProcessingOutputs)."""


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
class ProcessingStep(Step):
    """A processing job without network access.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
    """

    kind: ClassVar[str] = "Processing"
    image_uri: str
    role_arn: str
    kms_key_arn: str
    instance_type: str
    volume_gb: int
    max_runtime_seconds: int
    entrypoint: Sequence[str]
    """The command's first words; like each argument, one has at most 256 characters."""
    arguments: Sequence[str]
    inputs: Sequence[ProcessingInput]
    outputs: Sequence[ProcessingOutput]
    environment: Mapping[str, str | Expression] = field(default_factory=dict)
    """Environment variables. Default: none."""
    property_files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Output and file by the name under which conditions read them. Default: none."""
    vpc_config: Mapping[str, Sequence[str]] | None = None
    """Subnets and SecurityGroupIds. Default: SageMaker's own network."""
    step_cache: Duration | None = None
    """How old a result of the same inputs may be to be taken instead of running again. Default: it always runs."""

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        yield from super().problems()
        yield from too_long("a word of the command", [*self.entrypoint, *self.arguments])
        yield from too_long("an environment variable", list(self.environment.values()))
        yield from breaks_pattern("an environment variable's name", self.environment, ENVIRONMENT_NAME)
        outputs = [output.name for output in self.outputs]
        for places, what in (([place.name for place in self.inputs], "inputs"), (outputs, "outputs")):
            if len(places) > MAX_PLACES:
                yield f"{len(places)} {what}, of which SageMaker takes {MAX_PLACES}"
            if len(set(places)) < len(places):
                yield f"two {what} have one name: {', '.join(places)}"
        for name, (output, _) in self.property_files.items():
            if output not in outputs:
                yield f"property file {name!r} is of the output {output!r}, but outputs here are: {', '.join(outputs) or 'none'}"

    def missing_property(self, path: str) -> str | None:
        """Return why another step cannot read `path` of this one."""
        root, _, file = path.partition(".")
        if root == "PropertyFiles":
            known = ", ".join(self.property_files) or "none"
            return None if file in self.property_files else f"property files of {self.name!r} are: {known}"
        output, outputs = named(path, "ProcessingOutputConfig.Outputs"), [output.name for output in self.outputs]
        if output is None or output in outputs:
            return None
        return f"outputs of {self.name!r} are: {', '.join(outputs) or 'none'}"

    def _attributes(self) -> dict[str, Any]:
        files = [
            {"PropertyFileName": name, "OutputName": output, "FilePath": path}
            for name, (output, path) in self.property_files.items()
        ]
        return {**({"PropertyFiles": files} if files else {}), **cache_config(self.step_cache)}

    def _arguments(self) -> dict[str, Any]:
        cluster = {
            "InstanceType": self.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": self.volume_gb,
            **volume_key(self.instance_type, self.kms_key_arn),
        }
        return {
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": self._application(),
            "RoleArn": self.role_arn,
            "ProcessingInputs": [item.render() for item in self.inputs],
            "ProcessingOutputConfig": {
                "KmsKeyId": self.kms_key_arn,
                "Outputs": [item.render() for item in self.outputs],
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_seconds},
            "NetworkConfig": {"EnableNetworkIsolation": True, **({"VpcConfig": self.vpc_config} if self.vpc_config else {})},
            **({"Environment": dict(self.environment)} if self.environment else {}),
        }

    def _application(self) -> dict[str, Any]:
        words = {"ContainerEntrypoint": list(self.entrypoint), "ContainerArguments": list(self.arguments)}
        # SageMaker refuses empty lists.
        return {"ImageUri": self.image_uri, **{key: value for key, value in words.items() if value}}
