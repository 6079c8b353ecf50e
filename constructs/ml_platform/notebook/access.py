"""What a notebook may do to what it makes, and what it may not make at all: statements on tags, keys and networks.

Creating needs the notebook's tags in the request; everything else needs them on the resource. Tags can be given at creation
only (sagemaker:TaggingAction), so that nobody tags what belongs to others in order to delete it.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_kms as kms
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.statement import Statement
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.owner import NotebookOwner
from platform_contract.instances import TRAINING_FAMILIES_WITH_LOCAL_NVME
from platform_contract.tags import EXPIRES_TAG

KEY_NAMES = ("KmsKeyArn", "KmsKey")
"""The reference names the condition keys on keys with `Arn` today, and named them without before. One that AWS does not set
allows nothing, so there is a statement for each spelling."""
CREATING = ("CreateTrainingJob", "CreateModel", "CreateEndpointConfig", "CreateEndpoint")
KINDS = ("training-job", "model", "endpoint-config", "endpoint")
LISTS = ("TrainingJobs", "Models", "EndpointConfigs", "Endpoints")


def start_training(scope: Construct, owner: NotebookOwner, network: NotebookNetwork, key: kms.IKey) -> list[Statement]:
    """Start training jobs whose disks and results are encrypted with `key`, in the notebook's own network."""
    # SageMaker refuses a key for disks that encrypt by themselves. ForAllValues holds for no value at all, hence Null.
    families = [f"ml.{family}.*" for family in TRAINING_FAMILIES_WITH_LOCAL_NVME]
    by_itself: dict[str, Any] = {
        "ForAllValues:StringLike": {"sagemaker:InstanceTypes": families},
        "Null": {"sagemaker:InstanceTypes": "false", **{f"sagemaker:Volume{name}": "true" for name in KEY_NAMES}},
    }
    how: list[dict[str, Any]] = []
    for name in KEY_NAMES:
        output = {f"sagemaker:Output{name}": key.key_arn}
        how.append({"ArnEquals": {f"sagemaker:Volume{name}": key.key_arn, **output}})
        how.append({"ArnEquals": output, **by_itself})
    mine, inside = {"StringEquals": owner.creating()}, _inside(network)
    return [
        Statement(
            actions=["sagemaker:CreateTrainingJob"],
            resources=[access.arn(scope, "sagemaker", "training-job/*")],
            conditions=_joined(mine, conditions, inside),
        )
        for conditions in how
    ]


def deploy(scope: Construct, owner: NotebookOwner, network: NotebookNetwork) -> list[Statement]:
    """Make models, endpoint configurations of them, and endpoints that say when they expire."""
    mine = {"StringEquals": owner.creating()}
    endpoints = [access.arn(scope, "sagemaker", "endpoint/*")]
    expires = {"Null": {f"aws:RequestTag/{EXPIRES_TAG}": "false"}}
    return [
        _allow(scope, ["CreateModel"], ["model"], _joined(mine, _inside(network))),
        _allow(scope, ["CreateEndpointConfig"], ["endpoint-config"], mine),
        Statement(actions=["sagemaker:CreateEndpoint"], resources=endpoints, conditions=_joined(mine, expires)),
        # CreateEndpoint and UpdateEndpoint are authorized on the configuration as well: it must be the notebook's own.
        _allow(scope, ["CreateEndpoint", "UpdateEndpoint"], ["endpoint-config"], {"StringEquals": owner.owning()}),
        _allow(
            scope,
            ["AddTags"],
            KINDS,
            {"StringEquals": {**owner.creating(), "sagemaker:TaggingAction": list(CREATING)}},
        ),
    ]


def use_own(scope: Construct, owner: NotebookOwner) -> list[Statement]:
    """Look at, ask, change, stop and delete what carries the notebook's tags; list the names of everything."""
    actions = {
        "training-job": ("DescribeTrainingJob", "StopTrainingJob"),
        "model": ("DescribeModel", "DeleteModel"),
        "endpoint-config": ("DescribeEndpointConfig", "DeleteEndpointConfig"),
        "endpoint": ("DescribeEndpoint", "InvokeEndpoint", "UpdateEndpoint", "DeleteEndpoint"),
    }
    names = [*(action for group in actions.values() for action in group), "ListTags"]
    return [
        _allow(scope, names, KINDS, {"StringEquals": owner.owning()}),
        Statement(actions=[f"sagemaker:List{kind}" for kind in LISTS], resources=["*"]),
    ]


def train_models(scope: Construct, groups: Sequence[str]) -> list[Statement]:
    """Start and follow the pipelines in `groups`, and read the versions that come of them; each has both under one name."""

    def arns(*patterns: str) -> list[str]:
        return [access.arn(scope, "sagemaker", pattern.format(group)) for group in groups for pattern in patterns]

    return [
        Statement(
            actions=[
                f"sagemaker:{action}" for action in ("StartPipelineExecution", "DescribePipeline", "ListPipelineExecutions")
            ],
            resources=arns("pipeline/{}"),
        ),
        Statement(
            actions=[
                f"sagemaker:{action}"
                for action in (
                    "DescribePipelineExecution",
                    "ListPipelineExecutionSteps",
                    "ListPipelineParametersForExecution",
                )
            ],
            resources=arns("pipeline/{}/execution/*"),
        ),
        Statement(
            actions=["sagemaker:DescribeModelPackageGroup", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            # AWS's reference names the versions as ListModelPackages' resource, its documentation the group.
            resources=arns("model-package-group/{}", "model-package/{}/*"),
        ),
    ]


def _allow(scope: Construct, actions: Sequence[str], kinds: Sequence[str], conditions: dict[str, Any]) -> Statement:
    return Statement(
        actions=[f"sagemaker:{action}" for action in actions],
        resources=[access.arn(scope, "sagemaker", f"{kind}/*") for kind in kinds],
        conditions=conditions,
    )


def _inside(network: NotebookNetwork) -> dict[str, Any]:
    """Conditions that hold in the notebook's own subnet and security groups only; none where it has the internet."""
    if not network.vpc_only:
        return {}
    wanted = {"sagemaker:VpcSubnets": network.subnets, "sagemaker:VpcSecurityGroupIds": network.security_groups}
    return {"ForAllValues:StringEquals": wanted, "Null": dict.fromkeys(wanted, "false")}


def _joined(*conditions: dict[str, Any]) -> dict[str, Any]:
    """All of `conditions`: operands of one operator are put together."""
    result: dict[str, Any] = {}
    for condition in conditions:
        for operator, operands in condition.items():
            result[operator] = {**result.get(operator, {}), **operands}
    return result
