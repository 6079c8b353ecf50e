"""The role under which CloudFormation releases a version: this endpoint's resources and no others."""

from aws_cdk import aws_kms as kms
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.cached_tokens import PSEUDO_PARAMETERS
from ml_platform.common.execution_role import ExecutionRole, GivenRole
from ml_platform.common.statement import Statement
from platform_contract.tags import ENDPOINT_TAG

SCALING_LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
SCALING_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"


class ReleaseRole(ExecutionRole):
    """CloudFormation service role, passed by promotion with UpdateStack.

    Narrow on purpose: whoever may call UpdateStack with a role borrows its rights through a template of his own, so this one
    holds only what a release changes. Models and configurations have names that CloudFormation chooses; they are recognized
    by their tag.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role_name: str,
        endpoint_name: str,
        group_name: str,
        stack_name: str,
        execution_role: ExecutionRole | GivenRole,
        key: kms.IKey,
    ) -> None:
        """Create the role for the endpoint that `stack_name` holds."""
        self._scope, self._endpoint = scope, endpoint_name
        super().__init__(
            scope,
            construct_id,
            service="cloudformation.amazonaws.com",
            description=f"Releases versions of {group_name} to {endpoint_name}, on behalf of CloudFormation",
            role_name=role_name,
            statements=[
                *self._endpoint_statements(),
                *self._tagged_statements(),
                *self._scaling_statements(),
                *self._alarm_statements(stack_name),
                Statement(
                    # Creating a model from a version is authorized on the version as well as on the model.
                    actions=["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"],
                    resources=[access.arn(scope, "sagemaker", f"model-package/{group_name}/*")],
                ),
                Statement(
                    actions=["iam:PassRole"],
                    resources=[execution_role.arn],
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                ),
                access.use_key(key, "DescribeKey"),
                access.encrypt_volumes(key),
            ],
            why_wildcards=(
                "CloudFormation names models, configurations and alarms, so they are limited by tag or by the stack's prefix; "
                "Application Auto Scaling's calls know no resources"
            ),
        )

    def _endpoint_statements(self) -> list[Statement]:
        actions = [f"{verb}Endpoint" for verb in ("Create", "Update", "Delete", "Describe")]
        # Application Auto Scaling checks that whoever registers a variant may change its capacity.
        actions += ["UpdateEndpointWeightsAndCapacities", "AddTags", "DeleteTags", "ListTags"]
        return [
            Statement(
                actions=[f"sagemaker:{action}" for action in actions],
                resources=[access.arn(self._scope, "sagemaker", f"endpoint/{self._endpoint}")],
            ),
            # These two are authorized on the configuration as well as on the endpoint, which is the narrow one.
            Statement(
                actions=["sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"],
                resources=[access.arn(self._scope, "sagemaker", "endpoint-config/*")],
            ),
        ]

    def _tagged_statements(self) -> list[Statement]:
        kinds = {"Model": "model", "EndpointConfig": "endpoint-config"}
        resources = [access.arn(self._scope, "sagemaker", f"{kind}/*") for kind in kinds.values()]
        on_existing = [f"sagemaker:{verb}{kind}" for kind in kinds for verb in ("Delete", "Describe")]
        on_existing += ["sagemaker:DeleteTags", "sagemaker:ListTags"]
        return [
            Statement(
                actions=[*(f"sagemaker:Create{kind}" for kind in kinds), "sagemaker:AddTags"],
                resources=resources,
                conditions={"StringEquals": {f"aws:RequestTag/{ENDPOINT_TAG}": self._endpoint}},
            ),
            Statement(
                actions=on_existing,
                resources=resources,
                conditions={"StringEquals": {f"aws:ResourceTag/{ENDPOINT_TAG}": self._endpoint}},
            ),
        ]

    def _scaling_statements(self) -> list[Statement]:
        things = {"ScalableTarget": ("Register", "Deregister"), "ScalingPolicy": ("Put", "Delete")}
        changes = [f"application-autoscaling:{verb}{thing}" for thing, verbs in things.items() for verb in verbs]
        targets = access.arn(self._scope, "application-autoscaling", "scalable-target/*")
        tagging = ("TagResource", "UntagResource", "ListTagsForResource")
        listing = ("ScalableTargets", "ScalingPolicies", "ScheduledActions")
        linked_role = f"aws-service-role/{SCALING_SERVICE}/{SCALING_LINKED_ROLE}"
        return [
            Statement(
                actions=changes,
                resources=[targets],
                conditions={"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
            ),
            Statement(actions=[f"application-autoscaling:{action}" for action in tagging], resources=[targets]),
            Statement(actions=[f"application-autoscaling:Describe{kind}" for kind in listing], resources=["*"]),
            Statement(
                actions=["iam:CreateServiceLinkedRole"],
                resources=[PSEUDO_PARAMETERS.global_arn("iam", f"role/{linked_role}")],
                conditions={"StringEquals": {"iam:AWSServiceName": SCALING_SERVICE}},
            ),
        ]

    def _alarm_statements(self, stack_name: str) -> list[Statement]:
        names = (f"{stack_name}-*", f"TargetTracking-endpoint/{self._endpoint}/*")
        actions = ("PutMetricAlarm", "DeleteAlarms", "TagResource", "UntagResource", "ListTagsForResource")
        return [
            Statement(
                actions=[f"cloudwatch:{action}" for action in actions],
                resources=[access.arn(self._scope, "cloudwatch", f"alarm:{name}") for name in names],
            ),
            # Asked without names, as Application Auto Scaling asks, this is authorized on all alarms.
            Statement(actions=["cloudwatch:DescribeAlarms"], resources=["*"]),
        ]
