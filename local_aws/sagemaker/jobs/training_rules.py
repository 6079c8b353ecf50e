"""What CreateTrainingJob checks before a job exists."""

from collections.abc import Mapping
from typing import Any

from local_aws.errors import invalid
from local_aws.sagemaker.instance_types import check_volume_key
from local_aws.sagemaker.offer import refuse

NEEDED = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
"""The model has them optional for serverless jobs, which are not offered."""
NOT_OFFERED = (
    "AlgorithmSpecification.AlgorithmName",
    "AlgorithmSpecification.MetricDefinitions",
    "AlgorithmSpecification.TrainingImageConfig",
    "CheckpointConfig",
    "DebugRuleConfigurations",
    "ExperimentConfig",
    "InfraCheckConfig.EnableInfraCheck=True",
    "MlflowConfig",
    "ModelPackageConfig",
    "ProfilerRuleConfigurations",
    "RemoteDebugConfig.EnableRemoteDebug=True",
    "ResourceConfig.InstancePlacementConfig",
    "ResourceConfig.KeepAlivePeriodInSeconds",
    "ResourceConfig.TrainingPlanArn",
    "RetryStrategy",
    "ServerlessJobConfig",
    "SessionChainingConfig.EnableSessionTagChaining=True",
    "StoppingCondition.MaxPendingTimeInSeconds",
    "TensorBoardOutputConfig",
)
"""DebugHookConfig and ProfilerConfig are taken: SDKs send them by default, and nothing in the images offered writes for them."""
ONLY_WITH_SPOT = "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
NEEDED_WITH_SPOT = "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
DAY = 86400
"""MaxRuntimeInSeconds where a request has none."""


def check(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for a request that AWS would refuse, or whose job could not be as on AWS."""
    refuse(request, NOT_OFFERED)
    for member in NEEDED:
        if member not in request:
            name = member[0].lower() + member[1:]
            raise invalid(
                f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            )
    if "TrainingImage" not in request["AlgorithmSpecification"]:
        raise invalid("AlgorithmSpecification must have either TrainingImage or AlgorithmName")
    resources = request["ResourceConfig"]
    check_volume_key("VolumeKmsKeyId", resources.get("VolumeKmsKeyId"), resources.get("InstanceType", ""))
    if "InstanceType" not in resources and "InstanceGroups" not in resources:
        raise invalid("ResourceConfig must have InstanceType and InstanceCount, or InstanceGroups")
    _check_channels(request)
    _check_waiting(request)


def _check_channels(request: Mapping[str, Any]) -> None:
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise invalid(f"InputDataConfig: channel names must be unique, got {', '.join(twice)} more than once")


def _check_waiting(request: Mapping[str, Any]) -> None:
    limits = request["StoppingCondition"]
    waiting, running = limits.get("MaxWaitTimeInSeconds"), limits.get("MaxRuntimeInSeconds", DAY)
    if not request.get("EnableManagedSpotTraining"):
        if waiting is not None:
            raise invalid(ONLY_WITH_SPOT)
    elif waiting is None or waiting < running:
        raise invalid(NEEDED_WITH_SPOT)
