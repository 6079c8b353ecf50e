"""What the promotion function is told of a model that is served."""

from dataclasses import dataclass

from platform_contract.parameters import MODEL_PACKAGE_ARN, SAMPLE


@dataclass(frozen=True, kw_only=True)
class PromotedModel:
    """One model that is served: what is approved, what is updated, what is asked for a smoke test."""

    name: str
    """What people call it."""
    group_name: str
    """Model package group whose approvals count."""
    stack_name: str
    """Stack that holds the endpoint."""
    endpoint_name: str
    release_role_name: str
    """Role that CloudFormation assumes for the update (`ReleaseRole`)."""
    parameter: str = MODEL_PACKAGE_ARN
    """Parameter of the stack that says which version is served: `ModelEndpoint.version_parameter`. Default: ModelPackageArn."""
    sample: str = SAMPLE
    """Output of the stack with an instance, as JSON, that each new version is asked about once; where the stack has none, a
    release counts as good when its endpoint is in service and no alarm fires. Default: Sample."""
