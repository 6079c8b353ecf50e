"""Target tracking of an endpoint's variant."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.common.cached_tokens import seconds
from ml_platform.common.problems import outside

DEFAULT_TARGET = 600
MOST_INSTANCES = 100
DEFAULT_SCALE_OUT = Duration.minutes(1)
DEFAULT_SCALE_IN = Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class ScalingOptions:
    """Size of the fleet; it scales where `max_instances` is above `min_instances`."""

    min_instances: int = 1
    """Fewest instances, 1 to 100: SageMaker scales real-time endpoints to no fewer. Default: 1."""
    max_instances: int = 1
    """Most instances, up to 100. Default: 1."""
    invocations_per_minute: int = DEFAULT_TARGET
    """Per instance, at least 1: safety factor x measured requests per second x 60. Default: 600."""
    scale_out_cooldown: Duration = DEFAULT_SCALE_OUT
    """After a scale-out before the next, up to an hour. Default: 1 minute."""
    scale_in_cooldown: Duration = DEFAULT_SCALE_IN
    """After any scaling before capacity is taken away, up to an hour. Default: 5 minutes."""

    @property
    def scales(self) -> bool:
        """Whether the fleet's size changes by itself."""
        return self.max_instances > self.min_instances

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the numbers."""
        yield from outside("min_instances", self.min_instances, 1, MOST_INSTANCES, "for a real-time endpoint")
        yield from outside(
            "max_instances", self.max_instances, max(1, self.min_instances), MOST_INSTANCES, "(min_instances and up)"
        )
        yield from outside("invocations_per_minute", self.invocations_per_minute, 1)
        yield from outside("scale_out_cooldown", seconds(self.scale_out_cooldown), 0, 3600, "seconds")
        yield from outside("scale_in_cooldown", seconds(self.scale_in_cooldown), 0, 3600, "seconds")


class EndpointScaling(Construct):
    """Scalable target and policy; nothing where minimum and maximum are equal.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: sagemaker.CfnEndpoint,
        endpoint_name: str,
        variant: str,
        options: ScalingOptions,
    ) -> None:
        """Register the variant `variant` of `endpoint`."""
        super().__init__(scope, construct_id)
        self.resources: list[CfnResource] = []
        if not options.scales:
            return
        what: Any = {
            "service_namespace": "sagemaker",
            "resource_id": f"endpoint/{endpoint_name}/variant/{variant}",
            "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        }
        target = autoscaling.CfnScalableTarget(
            self,
            "ScalableTarget",
            **what,
            min_capacity=options.min_instances,
            max_capacity=options.max_instances,
        )
        target.add_resource_dependency(endpoint)
        policy = autoscaling.CfnScalingPolicy(
            self,
            "ScalingPolicy",
            policy_name=f"{endpoint_name}-invocations",
            policy_type="TargetTrackingScaling",
            **what,
            target_tracking_scaling_policy_configuration=_tracking(options),
        )
        policy.add_resource_dependency(target)
        self.resources = [target, policy]


def _tracking(
    options: ScalingOptions,
) -> autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty:
    return autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
        target_value=options.invocations_per_minute,
        scale_out_cooldown=seconds(options.scale_out_cooldown),
        scale_in_cooldown=seconds(options.scale_in_cooldown),
        predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
            predefined_metric_type="SageMakerVariantInvocationsPerInstance"
        ),
    )
