"""What a request says about itself to IAM: SageMaker's own condition keys.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html, which names the keys of
each action. A key that the request says nothing about is absent, as on AWS, so that `Null` conditions can ask for it.
"""

from collections.abc import Callable, Mapping
from typing import Any

Request = Mapping[str, Any]
Keys = dict[str, Any]


def conditions(action: str, request: Request, place: Callable[[str, str], str]) -> Keys:
    """Return the condition keys of `action` by name, with their prefix; `place` makes an ARN from kind and name."""
    asked = _KEYS.get(action)
    found = asked(request, place) if asked else {}
    return {f"sagemaker:{key}": _text(value) for key, value in found.items() if value not in (None, [], "")}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return [str(item) for item in value] if isinstance(value, list) else str(value)


def _network(request: Request) -> Keys:
    vpc = request.get("VpcConfig") or {}
    return {"VpcSubnets": vpc.get("Subnets"), "VpcSecurityGroupIds": vpc.get("SecurityGroupIds")}


def _volume_key(key: str | None) -> Keys:
    # The reference has replaced VolumeKmsKey by VolumeKmsKeyArn; policies that were written before still work.
    return {"VolumeKmsKeyArn": key, "VolumeKmsKey": key}


def _output_key(key: str | None) -> Keys:
    return {"OutputKmsKeyArn": key, "OutputKmsKey": key}


def _training_job(request: Request, _place: Callable[[str, str], str]) -> Keys:
    resources = request.get("ResourceConfig") or {}
    groups = [group.get("InstanceType") for group in resources.get("InstanceGroups") or []]
    return {
        "InstanceTypes": groups or [kind for kind in [resources.get("InstanceType")] if kind],
        "KeepAlivePeriod": resources.get("KeepAlivePeriodInSeconds"),
        "MaxRuntimeInSeconds": (request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        "NetworkIsolation": request.get("EnableNetworkIsolation"),
        "InterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption"),
        **_volume_key(resources.get("VolumeKmsKeyId")),
        **_output_key((request.get("OutputDataConfig") or {}).get("KmsKeyId")),
        **_network(request),
    }


def _processing_job(request: Request, _place: Callable[[str, str], str]) -> Keys:
    cluster = (request.get("ProcessingResources") or {}).get("ClusterConfig") or {}
    network = request.get("NetworkConfig") or {}
    return {
        "InstanceTypes": [kind for kind in [cluster.get("InstanceType")] if kind],
        "MaxRuntimeInSeconds": (request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
        "NetworkIsolation": network.get("EnableNetworkIsolation"),
        "InterContainerTrafficEncryption": network.get("EnableInterContainerTrafficEncryption"),
        **_volume_key(cluster.get("VolumeKmsKeyId")),
        **_output_key((request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")),
        **_network(network),
    }


def _model(request: Request, _place: Callable[[str, str], str]) -> Keys:
    return {"NetworkIsolation": request.get("EnableNetworkIsolation"), **_network(request)}


def _endpoint_config(request: Request, place: Callable[[str, str], str]) -> Keys:
    variants = [*request.get("ProductionVariants", []), *request.get("ShadowProductionVariants", [])]
    return {
        "InstanceTypes": [variant["InstanceType"] for variant in variants if variant.get("InstanceType")],
        "ModelArn": [place("model", variant["ModelName"]) for variant in variants if variant.get("ModelName")],
        "NetworkIsolation": request.get("EnableNetworkIsolation"),
        **_volume_key(request.get("KmsKeyId")),
        **_network(request),
    }


def _notebook_change(request: Request, place: Callable[[str, str], str]) -> Keys:
    service = request.get("InstanceMetadataServiceConfiguration") or {}
    config = request.get("LifecycleConfigName")
    return {
        "AcceleratorTypes": request.get("AcceleratorTypes"),
        "InstanceTypes": [kind for kind in [request.get("InstanceType")] if kind],
        "MinimumInstanceMetadataServiceVersion": service.get("MinimumInstanceMetadataServiceVersion"),
        "NotebookInstanceLifecycleConfigArns": [place("notebook-instance-lifecycle-config", config)] if config else None,
        "RootAccess": request.get("RootAccess"),
    }


def _notebook_instance(request: Request, place: Callable[[str, str], str]) -> Keys:
    return {
        **_notebook_change(request, place),
        "DirectInternetAccess": request.get("DirectInternetAccess"),
        "VpcSubnets": [subnet for subnet in [request.get("SubnetId")] if subnet],
        "VpcSecurityGroupIds": request.get("SecurityGroupIds"),
        **_volume_key(request.get("KmsKeyId")),
    }


_KEYS: dict[str, Callable[[Request, Callable[[str, str], str]], Keys]] = {
    "CreateTrainingJob": _training_job,
    "CreateProcessingJob": _processing_job,
    "CreateModel": _model,
    "CreateEndpointConfig": _endpoint_config,
    "CreateNotebookInstance": _notebook_instance,
    "UpdateNotebookInstance": _notebook_change,
}
