"""A role for one duty: a managed policy of its own, no inline policy, no AWS-managed policy."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_platform.compliance import acknowledge_wildcards


class ExecutionRole(Construct):
    """Role that one AWS service assumes to do one thing.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: str,
        duty: str,
        statements: Sequence[iam.PolicyStatement],
        why_wildcards: str | None = None,
        role_name: str | None = None,
    ) -> None:
        """Create the role.

        Parameters
        ----------
        service
            Principal that may assume it, such as `sagemaker.amazonaws.com`.
        duty
            One sentence, shown as the role's description in the console.
        statements
            All that the role may do.
        why_wildcards
            Which limit of a service forces resources with a wildcard. Default: there are none, else the compliance check fails.
        role_name
            Name, where another stack must know it beforehand. Default: CloudFormation chooses.
        """
        super().__init__(scope, construct_id)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal(service), description=duty, role_name=role_name)
        self.policy = iam.ManagedPolicy(self, "Policy", statements=list(statements), roles=[self.role])
        if why_wildcards is not None:
            resources = [resource for statement in statements for resource in statement.resources]
            acknowledge_wildcards(self.policy, why_wildcards, resources)

    @property
    def arn(self) -> str:
        """ARN of the role."""
        return self.role.role_arn
