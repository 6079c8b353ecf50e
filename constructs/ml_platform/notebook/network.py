"""How a notebook instance, its jobs and its models are connected."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from ml_platform.common.statement import Statement
from ml_platform.common.vpc_network import VpcNetwork


@dataclass(frozen=True, kw_only=True)
class NotebookNetwork:
    """The internet through SageMaker, a subnet of a VPC, or both.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/appendix-notebook-and-internet-access.html
    """

    internet_access: bool = False
    """Whether SageMaker gives the instance a way to the internet besides the subnet's."""
    subnet_id: str | None = None
    security_group_ids: Sequence[str] = ()
    """At least one where there is a subnet."""

    def __post_init__(self) -> None:
        if bool(self.subnet_id) != bool(self.security_group_ids):
            raise ValueError(
                f"subnet_id and security_group_ids go together, got {self.subnet_id!r} and {list(self.security_group_ids)}; "
                "give both or neither"
            )
        if not self.subnet_id and not self.internet_access:
            raise ValueError(
                "a notebook without a subnet has no network but the internet that SageMaker gives it; give internet_access, "
                "or subnet_id and security_group_ids"
            )

    @staticmethod
    def of_vpc(subnet: ec2.ISubnet, security_groups: Sequence[ec2.ISecurityGroup]) -> "NotebookNetwork":
        """Return the network of an instance in `subnet`, of a VPC from which AWS's services can be reached, and nowhere else."""
        return NotebookNetwork(
            subnet_id=subnet.subnet_id, security_group_ids=[group.security_group_id for group in security_groups]
        )

    @property
    def vpc_only(self) -> bool:
        """Whether the subnet is the only network; the notebook's jobs and models must then use it too."""
        return self.subnet_id is not None and not self.internet_access

    @property
    def subnets(self) -> list[str]:
        """Subnets of the notebook's jobs and models; none where they use SageMaker's own network."""
        return [self.subnet_id] if self.subnet_id and self.vpc_only else []

    @property
    def security_groups(self) -> list[str]:
        """Security groups of the notebook's jobs and models."""
        return list(self.security_group_ids) if self.vpc_only else []

    def digest(self, platform: str, resolve: Callable[[Any], Any] = lambda value: value) -> str:
        """Return 4 hex digits that change with whatever makes CloudFormation replace an instance on `platform`.

        `resolve` turns CDK's tokens, whose texts differ from synthesis to synthesis, into the references that they stand for.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-notebookinstance.html
        """
        groups = sorted(
            (resolve(group) for group in self.security_group_ids), key=lambda group: json.dumps(group, sort_keys=True)
        )
        values = [platform, self.internet_access, resolve(self.subnet_id), groups]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:4]


def join_network(scope: Construct, network: NotebookNetwork) -> list[Statement]:
    """Let SageMaker connect the notebook's jobs and models to the subnet, if there is only that."""
    if not network.vpc_only:
        return []
    return VpcNetwork(subnet_ids=network.subnets, security_group_ids=network.security_groups).statements(scope)
