"""Keyword arguments for the SageMaker Python SDK 3 in a notebook: what its defaults file cannot say.

>>> from sagemaker.train import ModelTrainer                                                       # doctest: +SKIP
>>> trainer = ModelTrainer(training_image=mlp.sdk.image(), source_code=code, **mlp.sdk.trainer())  # doctest: +SKIP

Plain dictionaries: nothing of the SDK is imported here. Of training jobs, the SDK drops the file's tags and keys in silence; of
ModelBuilder, its role. IAM refuses what lacks them.
"""

from typing import Any

from mlp.in_notebook import names
from mlp.in_notebook.checks import check_choice, check_range
from mlp.in_notebook.deploy import MAX_HOURS
from mlp.in_notebook.platform import required
from platform_contract.instances import has_local_nvme


def image(framework: str = "sklearn") -> str:
    """Return the URI of the platform's image, for `training_image` and `image_uri`."""
    platform = required("mlp.sdk.image")
    check_choice("framework", framework, list(platform.images), "The platform's images are in its configuration")
    return platform.images[framework]


def trainer(instance_type: str = "ml.m5.large", instance_count: int = 1, volume_gb: int = 30) -> dict[str, Any]:
    """Return arguments for `ModelTrainer`: role, servers with their key, place and key of the results, network, tags."""
    platform = required("mlp.sdk.trainer")
    compute = {"instance_type": instance_type, "instance_count": instance_count, "volume_size_in_gb": volume_gb}
    if not has_local_nvme(instance_type):
        compute["volume_kms_key_id"] = platform.key_arn
    found: dict[str, Any] = {
        "role": platform.job_role_arn,
        "compute": compute,
        "output_data_config": {"s3_output_path": platform.own_uri("jobs"), "kms_key_id": platform.key_arn},
        "tags": [{"key": tag["Key"], "value": tag["Value"]} for tag in names.tags(platform)],
    }
    if platform.subnets:
        found["networking"] = {"subnets": platform.subnets, "security_group_ids": platform.security_groups}
    return found


def builder() -> dict[str, Any]:
    """Return arguments for `ModelBuilder`: the role under which its containers run."""
    return {"role_arn": required("mlp.sdk.builder").job_role_arn}


def endpoint(hours: float | None = None) -> dict[str, Any]:
    """Return arguments for `ModelBuilder.deploy`: tags with the time at which the platform deletes the endpoint.

    `hours` is at most 168; default: what the platform's configuration says.
    """
    platform = required("mlp.sdk.endpoint")
    lifetime = platform.endpoint_hours if hours is None else hours
    check_range("hours", lifetime, 0.1, MAX_HOURS, "then the platform deletes the endpoint", whole=False)
    return {"tags": names.tags(platform, names.utc(lifetime * 3600))}
