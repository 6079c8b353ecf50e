"""What AWS refuses of a notebook instance, and what it fills in."""

import re

from local_aws.errors import invalid
from local_aws.sagemaker.store import Record

PLATFORM = "notebook-al2023-v1"
DEFAULTS = {
    "DirectInternetAccess": "Enabled",
    "RootAccess": "Enabled",
    "VolumeSizeInGB": 5,
    "PlatformIdentifier": PLATFORM,
    "IpAddressType": "ipv4",
    "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
}
NOT_ON_AL2023 = re.compile(r"^ml\.(p2|p3|p3dn|g3|inf1)\.")
"""Source: https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2023.html"""
RENAMED = {"LifecycleConfigName": "NotebookInstanceLifecycleConfigName", "SecurityGroupIds": "SecurityGroups"}
"""Parameters that Describe answers under another name."""
CHANGEABLE = (
    "InstanceType",
    "IpAddressType",
    "PlatformIdentifier",
    "RoleArn",
    "LifecycleConfigName",
    "VolumeSizeInGB",
    "DefaultCodeRepository",
    "AdditionalCodeRepositories",
    "RootAccess",
    "InstanceMetadataServiceConfiguration",
)
DISASSOCIATIONS = {
    "DisassociateLifecycleConfig": "LifecycleConfigName",
    "DisassociateDefaultCodeRepository": "DefaultCodeRepository",
    "DisassociateAdditionalCodeRepositories": "AdditionalCodeRepositories",
}
ACCELERATORS = ("AcceleratorTypes", "DisassociateAcceleratorTypes")


def created(parameters: Record) -> Record:
    """Return the settings of a new instance.

    Raises
    ------
    ServiceError
        For what AWS does not accept.
    """
    _check(parameters)
    if parameters.get("DirectInternetAccess") == "Disabled" and not parameters.get("SubnetId"):
        raise invalid("DirectInternetAccess can be Disabled only with a SubnetId: without either the instance has no network")
    if parameters.get("SecurityGroupIds") and not parameters.get("SubnetId"):
        raise invalid("SecurityGroupIds require a SubnetId")
    kept = {key: value for key, value in parameters.items() if key != "Tags"}
    return DEFAULTS | {RENAMED.get(key, key): value for key, value in kept.items()}


def changed(record: Record, parameters: Record) -> tuple[Record, set[str]]:
    """Return the settings that UpdateNotebookInstance gives an instance, and the names of those that it takes away.

    Raises
    ------
    ServiceError
        For what AWS does not accept.
    """
    _check(parameters)
    for flag, key in DISASSOCIATIONS.items():
        if parameters.get(flag) and key in parameters:
            raise invalid(f"{flag} and {key} exclude each other")
    size = parameters.get("VolumeSizeInGB", record["VolumeSizeInGB"])
    if size < record["VolumeSizeInGB"]:
        raise invalid(f"The volume can only grow: it has {record['VolumeSizeInGB']} GB, got VolumeSizeInGB {size}")
    gone = {RENAMED.get(key, key) for flag, key in DISASSOCIATIONS.items() if parameters.get(flag)}
    return {RENAMED.get(key, key): parameters[key] for key in CHANGEABLE if key in parameters}, gone


def check_start(record: Record) -> None:
    """Raise for an instance that cannot be started any more."""
    _check({key: record[key] for key in ("PlatformIdentifier", "InstanceType")})


def _check(parameters: Record) -> None:
    platform = parameters.get("PlatformIdentifier", PLATFORM)
    if platform != PLATFORM:
        raise invalid(
            f"Notebook instances with the platform {platform} can neither be created nor started since 2026-07-01. "
            f"Use PlatformIdentifier {PLATFORM}"
        )
    instance_type = parameters.get("InstanceType", "")
    if NOT_ON_AL2023.match(instance_type):
        raise invalid(f"Instance type {instance_type} is not supported by the platform {PLATFORM}; choose another family")
    for key in ACCELERATORS:
        if parameters.get(key):
            raise invalid(f"{key} is no longer supported: Elastic Inference is no longer available")
