"""Which version an endpoint serves: a parameter of the stack, so that a release changes nothing else, and no template."""

from aws_cdk import CfnCondition, CfnParameter, CfnResource, Fn
from constructs import Construct

from ml_platform.common.cached_tokens import stack_of
from platform_contract.parameters import MODEL_PACKAGE_ARN, NO_VERSION


class ServedVersion:
    """Parameter, and the condition that there is a version."""

    def __init__(self, scope: Construct, parameter_name: str | None) -> None:
        """Make both in `scope`; `parameter_name` is that of the stack's parameter. Default: made of the path of `scope`."""
        self._scope = scope
        self.parameter = CfnParameter(
            scope,
            MODEL_PACKAGE_ARN,
            default=NO_VERSION,
            allowed_pattern=r"^(none|arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[a-zA-Z0-9-]+/[0-9]+)$",
            description="Version that is served; changed by promotion, kept by every deployment. none: no endpoint",
        )
        if parameter_name is not None:
            self.parameter.override_logical_id(parameter_name)
        self.arn = self.parameter.value_as_string
        is_there = Fn.condition_not(Fn.condition_equals(self.arn, NO_VERSION))
        self.condition = CfnCondition(scope, "HasVersion", expression=is_there)

    @property
    def parameter_name(self) -> str:
        """Name of the stack's parameter."""
        return str(stack_of(self._scope).resolve(self.parameter.logical_id))

    def is_needed_by(self, *resources: CfnResource) -> None:
        """Create `resources` only while there is a version."""
        condition = self.condition.logical_id
        for resource in resources:
            resource.add_override("Condition", condition)
