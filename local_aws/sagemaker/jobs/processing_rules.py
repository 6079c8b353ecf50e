"""What CreateProcessingJob checks before a job exists.

Source of the rules on paths: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingS3Input.html
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from local_aws.errors import invalid
from local_aws.sagemaker.instance_types import check_volume_key
from local_aws.sagemaker.offer import refuse

PROCESSING = PurePosixPath("/opt/ml/processing")
NOT_OFFERED = (
    "ExperimentConfig",
    "ProcessingInputs.AppManaged=True",
    "ProcessingInputs.DatasetDefinition",
    "ProcessingInputs.S3Input.S3CompressionType=Gzip",
    "ProcessingInputs.S3Input.S3DataType=ManifestFile",
    "ProcessingInputs.S3Input.S3InputMode=Pipe",
    "ProcessingOutputConfig.Outputs.AppManaged=True",
    "ProcessingOutputConfig.Outputs.FeatureStoreOutput",
    "ProcessingOutputConfig.Outputs.S3Output.S3UploadMode=Continuous",
    "ProcessingResources.ClusterConfig.InstancePreferences",
)


def check(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a request that AWS would refuse, or whose job could not be as on AWS."""
    refuse(request, NOT_OFFERED)
    _check_cluster(request["ProcessingResources"]["ClusterConfig"])
    for number, source in enumerate(request.get("ProcessingInputs", []), 1):
        _check_place("Input", source["InputName"], f"processingInputs.{number}.member.s3Input", source.get("S3Input"))
    for number, target in enumerate(request.get("ProcessingOutputConfig", {}).get("Outputs", []), 1):
        where = f"processingOutputConfig.outputs.{number}.member.s3Output"
        _check_place("Output", target["OutputName"], where, target.get("S3Output"))


def _check_cluster(cluster: Mapping[str, Any]) -> None:
    for member in ("InstanceType", "InstanceCount"):
        if member not in cluster:
            raise invalid(f"ProcessingResources.ClusterConfig must have {member}, or InstancePreferences")
    if cluster["InstanceCount"] > 1:
        raise invalid(f"The embedded AWS processes on one instance, not {cluster['InstanceCount']}; AWS on as many as asked for")
    check_volume_key("VolumeKmsKeyId", cluster.get("VolumeKmsKeyId"), cluster["InstanceType"])


def _check_place(kind: str, name: str, where: str, storage: Mapping[str, Any] | None) -> None:
    if storage is None:
        raise invalid(f"{kind} {name} must say where its data is, got none of the members that do; give S3{kind}")
    if "LocalPath" not in storage:
        # Optional in the model, for what the application manages itself.
        member = f"{where}.localPath"
        raise invalid(
            f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        )
    path = PurePosixPath(storage["LocalPath"])
    if not path.is_relative_to(PROCESSING) or ".." in path.parts:
        raise invalid(f"LocalPath of {name} must be {PROCESSING} or a folder in it, got {storage['LocalPath']}")
