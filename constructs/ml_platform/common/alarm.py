"""Alarms that tell the alerts topic; missing data never alarms."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform.common.cached_tokens import seconds


@dataclass(frozen=True, kw_only=True)
class WatchedMetric:
    """A CloudWatch metric of this account and region, over a period."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    """Such as `Sum` or `Maximum`, or a percentile such as `p99`."""
    period: Duration


def alert(
    scope: Construct, construct_id: str, *, metric: WatchedMetric, above: float, meaning: str, topic: sns.ITopic | None
) -> cloudwatch.CfnAlarm:
    """Alarm when `metric` is above `above` for one period; `meaning` says what to do about it; without a `topic` nobody is told.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    """
    dimension = cloudwatch.CfnAlarm.DimensionProperty
    percentile = metric.statistic.startswith("p")
    return cloudwatch.CfnAlarm(
        Construct(scope, construct_id),
        "Resource",
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=[dimension(name=name, value=value) for name, value in sorted(metric.dimensions.items())],
        statistic=None if percentile else metric.statistic,
        extended_statistic=metric.statistic if percentile else None,
        period=seconds(metric.period),
        threshold=above,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        alarm_description=meaning,
        alarm_actions=[topic.topic_arn] if topic else None,
    )


def errors_of(function_name: str, period: Duration) -> WatchedMetric:
    """Runs of a Lambda function that raised an error."""
    return WatchedMetric(
        namespace="AWS/Lambda", name="Errors", dimensions={"FunctionName": function_name}, statistic="Sum", period=period
    )


def waiting_in(queue_name: str, period: Duration) -> WatchedMetric:
    """Messages that wait in an SQS queue."""
    return WatchedMetric(
        namespace="AWS/SQS",
        name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue_name},
        statistic="Maximum",
        period=period,
    )
