"""Subnets of a VPC that jobs and models are connected to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.statement import Statement

MOST_SUBNETS, MOST_GROUPS = 16, 5
"""Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VpcConfig.html"""
ENI_ACTIONS = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")
ENI_LOOKUPS = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")


@dataclass(frozen=True, kw_only=True)
class VpcNetwork:
    """Where SageMaker puts network interfaces of jobs and models.

    Containers stay without a network; through the VPC go the data that SageMaker fetches and writes for them. So the subnets must
    reach S3, CloudWatch Logs, KMS and ECR, through endpoints or otherwise.
    """

    subnet_ids: Sequence[str]
    """1 to 16."""
    security_group_ids: Sequence[str]
    """1 to 5, of the same VPC."""

    @staticmethod
    def of(
        vpc: ec2.IVpc, security_groups: Sequence[ec2.ISecurityGroup], subnets: ec2.SubnetSelection | None = None
    ) -> "VpcNetwork":
        """Return the network of `vpc` in its `subnets`. Default: the private ones, as CDK chooses them."""
        chosen = vpc.select_subnets(
            availability_zones=subnets.availability_zones if subnets else None,
            subnet_group_name=subnets.subnet_group_name if subnets else None,
            subnet_type=subnets.subnet_type if subnets else None,
            subnets=subnets.subnets if subnets else None,
        )
        return VpcNetwork(subnet_ids=chosen.subnet_ids, security_group_ids=[group.security_group_id for group in security_groups])

    def render(self) -> dict[str, list[str]]:
        """Return SageMaker's VpcConfig."""
        return {"Subnets": list(self.subnet_ids), "SecurityGroupIds": list(self.security_group_ids)}

    def problems(self, name: str) -> Iterator[str]:
        """Yield what SageMaker would refuse, in sentences that begin with the property's `name`."""
        for member, values, most in (
            ("subnet_ids", self.subnet_ids, MOST_SUBNETS),
            ("security_group_ids", self.security_group_ids, MOST_GROUPS),
        ):
            if not 1 <= len(values) <= most:
                yield f"{name}.{member} has {len(values)} entries; allowed: 1 to {most}"

    def statements(self, scope: Construct) -> list[Statement]:
        """Let SageMaker connect jobs and models to the subnets.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html#sagemaker-roles-createtrainingjob-perms
        """
        subnets = [access.arn(scope, "ec2", f"subnet/{subnet}") for subnet in self.subnet_ids]
        interfaces = access.arn(scope, "ec2", "network-interface/*")
        groups = [access.arn(scope, "ec2", f"security-group/{group}") for group in self.security_group_ids]
        return [
            Statement(actions=["ec2:CreateNetworkInterface"], resources=[interfaces, *subnets, *groups]),
            Statement(
                actions=[f"ec2:{action}" for action in ENI_ACTIONS],
                resources=[interfaces],
                conditions={"ArnEquals": {"ec2:Subnet": subnets if len(subnets) > 1 else subnets[0]}},
            ),
            Statement(actions=[f"ec2:Describe{thing}" for thing in ENI_LOOKUPS], resources=["*"]),
        ]
