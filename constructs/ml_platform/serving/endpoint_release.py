"""How an endpoint moves to a new version: blue/green, step by step, taken back by alarms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, get_args

from aws_cdk import Duration
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform.common.alarm import WatchedMetric, alert
from ml_platform.common.cached_tokens import seconds
from ml_platform.common.compliance import acknowledge
from ml_platform.common.problems import outside

Strategy = Literal["canary", "linear", "all_at_once"]

DEFAULT_BAKING = Duration.minutes(5)
ALARM_PERIOD = Duration.minutes(1)
KEEP_OLD_FLEET = Duration.minutes(1)
PROVISIONING = Duration.minutes(30)
"""Time that a release may take besides its baking."""
LONGEST_RELEASE = Duration.hours(8)
"""SageMaker's limit (MaximumExecutionTimeoutInSeconds)."""


@dataclass(frozen=True, kw_only=True)
class ReleaseOptions:
    """Traffic shifting and what rolls it back."""

    strategy: Strategy = "all_at_once"
    """canary: one step, then the rest; linear: step by step; all_at_once: all, as a fleet of one must. Default: that."""
    step_percent: int = 50
    """Share of the new fleet per step, 10 to 50; for canary and linear. Default: 50."""
    baking: Duration = DEFAULT_BAKING
    """How long the alarms are watched after a step, up to an hour. Default: 5 minutes."""
    max_5xx_per_minute: int = 5
    """More server errors than this within a minute roll a release back; at least 0. Default: 5."""
    max_latency: Duration = Duration.seconds(2)
    """Bound of the 99th percentile of model latency, 1 ms to 1 minute. Default: 2 seconds."""

    def problems(self, fewest_instances: int) -> Iterator[str]:
        """Yield what is wrong with the numbers, and with them for a fleet of at least `fewest_instances`."""
        if self.strategy not in get_args(Strategy):
            yield f"strategy is {self.strategy!r}; allowed: {', '.join(get_args(Strategy))}"
            return
        steps = list(outside("step_percent", self.step_percent, 10, 50, "percent"))
        yield from steps
        yield from outside("baking", seconds(self.baking), 0, 3600, "seconds")
        yield from outside("max_5xx_per_minute", self.max_5xx_per_minute, 0)
        yield from outside("max_latency", self.max_latency.to_milliseconds(), 1, 60_000, "milliseconds")
        if self.strategy != "all_at_once" and fewest_instances < 2:
            yield (
                f"strategy is {self.strategy} with min_instances of {fewest_instances}; a step is at most half of the fleet: "
                "use at least 2, or all_at_once"
            )
        if not steps:
            try:
                self.longest_seconds  # noqa: B018
            except ValueError as problem:
                yield str(problem)

    @property
    def longest_seconds(self) -> int:
        """How long a release may take: all its baking, the old fleet's last minute, and provisioning.

        Raises
        ------
        ValueError
            If that is more than SageMaker allows.
        """
        steps = {"canary": 2, "linear": ceil(100 / self.step_percent), "all_at_once": 1}[self.strategy]
        needed = steps * seconds(self.baking) + seconds(KEEP_OLD_FLEET) + seconds(PROVISIONING)
        if needed > seconds(LONGEST_RELEASE):
            raise ValueError(
                f"{steps} steps of {seconds(self.baking) / 60:g} minutes take longer than the "
                f"{seconds(LONGEST_RELEASE) / 3600:g} hours that SageMaker allows; bake shorter or step further"
            )
        return needed


class RollbackAlarms(Construct):
    """Alarms on server errors and on latency (which SageMaker measures in microseconds).

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_name: str,
        variant: str,
        release: ReleaseOptions,
        topic: sns.ITopic | None,
    ) -> None:
        """Watch the variant `variant` of `endpoint_name` with the bounds of `release`."""
        super().__init__(scope, construct_id)
        self._dimensions = {"EndpointName": endpoint_name, "VariantName": variant}
        self.resources = [
            alert(
                self,
                "ServerErrors",
                metric=self._metric("Invocation5XXErrors", "Sum"),
                above=release.max_5xx_per_minute,
                meaning=f"{endpoint_name} answers with server errors; a running release is rolled back. See its log group",
                topic=topic,
            ),
            alert(
                self,
                "Latency",
                metric=self._metric("ModelLatency", "p99"),
                above=release.max_latency.to_milliseconds() * 1000,
                meaning=f"{endpoint_name} is slow (microseconds, 99th percentile); a running release is rolled back",
                topic=topic,
            ),
        ]
        if topic is None:
            acknowledge(
                self,
                "No topic was given: SageMaker itself acts on these alarms, which the endpoint's AutoRollbackConfiguration "
                "names, and CloudWatch has no action that stands for that",
                "NIST.800.53.R5-CloudWatchAlarmAction",
                "HIPAA.Security-CloudWatchAlarmAction",
            )

    def _metric(self, name: str, statistic: str) -> WatchedMetric:
        return WatchedMetric(
            namespace="AWS/SageMaker", name=name, dimensions=self._dimensions, statistic=statistic, period=ALARM_PERIOD
        )

    @property
    def names(self) -> list[str]:
        """Names of the alarms."""
        return [alarm.ref for alarm in self.resources]


def deployment_config(release: ReleaseOptions, alarm_names: Sequence[str]) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
    """Render the guardrails.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    """
    step = sagemaker.CfnEndpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=release.step_percent)
    routing = sagemaker.CfnEndpoint.TrafficRoutingConfigProperty(
        type=release.strategy.upper(),
        wait_interval_in_seconds=seconds(release.baking),
        canary_size=step if release.strategy == "canary" else None,
        linear_step_size=step if release.strategy == "linear" else None,
    )
    return sagemaker.CfnEndpoint.DeploymentConfigProperty(
        blue_green_update_policy=sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty(
            traffic_routing_configuration=routing,
            termination_wait_in_seconds=seconds(KEEP_OLD_FLEET),
            maximum_execution_timeout_in_seconds=release.longest_seconds,
        ),
        auto_rollback_configuration=sagemaker.CfnEndpoint.AutoRollbackConfigProperty(
            alarms=[sagemaker.CfnEndpoint.AlarmProperty(alarm_name=name) for name in alarm_names]
        ),
    )
