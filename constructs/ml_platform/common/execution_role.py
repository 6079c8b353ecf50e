"""A role for one task: a managed policy of its own, no inline policy, no AWS-managed policy."""

from collections.abc import Sequence
from functools import cache

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_platform.common.cached_tokens import stack_of
from ml_platform.common.compliance import acknowledge_wildcards
from ml_platform.common.statement import AnyStatement, document


@jsii.implements(iam.IGrantable)
class ExecutionRole(Construct):
    """Role that one AWS service assumes to do one thing; more can be granted to it: `bucket.grant_read(role)`.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: str,
        description: str,
        statements: Sequence[AnyStatement],
        why_wildcards: str | None = None,
        role_name: str | None = None,
    ) -> None:
        """Create the role.

        Parameters
        ----------
        service
            Principal that may assume it, such as `sagemaker.amazonaws.com`.
        description
            One sentence, shown as the role's description in the console.
        statements
            All that the role may do.
        why_wildcards
            Which limit of a service forces resources with a wildcard. Default: there are none, else the compliance check fails.
        role_name
            Name, where another stack must know it beforehand. Default: CloudFormation chooses.
        """
        super().__init__(scope, construct_id)
        self._stack = stack_of(scope)
        self.role = iam.Role(self, "Role", assumed_by=_principal(service), description=description, role_name=role_name)
        self.policy = self.attach("Policy", statements, why_wildcards)

    def attach(self, construct_id: str, statements: Sequence[AnyStatement], why_wildcards: str | None) -> iam.ManagedPolicy:
        """Attach a further managed policy, where one of 6,144 characters does not hold all; parameters as above."""
        policy = iam.ManagedPolicy(self, construct_id, document=document(statements), roles=[self.role])
        if why_wildcards is not None:
            resources = [resource for statement in statements for resource in statement.resources]
            acknowledge_wildcards(policy, self._stack, why_wildcards, resources)
        return policy

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Who is meant where something is granted to this role."""
        return self.role

    @property
    def arn(self) -> str:
        """ARN of the role."""
        return self.role.role_arn


@cache
def _principal(service: str) -> iam.ServicePrincipal:
    return iam.ServicePrincipal(service)


@jsii.implements(iam.IGrantable)
class GivenRole:
    """A role of somebody else's, such as an imported one: used as it is, nothing is added to it but what is granted to it."""

    def __init__(self, role: iam.IRole) -> None:
        self.role = role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Who is meant where something is granted to this role."""
        return self.role

    @property
    def arn(self) -> str:
        """ARN of the role."""
        return self.role.role_arn


def used_as_it_is(role: ExecutionRole | iam.IRole) -> ExecutionRole | GivenRole:
    """Return a role that the caller has chosen."""
    return role if isinstance(role, ExecutionRole) else GivenRole(role)
