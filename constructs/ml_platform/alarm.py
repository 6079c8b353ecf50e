"""Alarms that tell the alerts topic; missing data never alarms."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct


def alert(
    scope: Construct,
    construct_id: str,
    *,
    metric: cloudwatch.IMetric,
    above: float,
    meaning: str,
    topic: sns.ITopic,
) -> cloudwatch.Alarm:
    """Alarm when `metric` is above `above` for one period; `meaning` says what to do about it."""
    alarm = cloudwatch.Alarm(
        scope,
        construct_id,
        metric=metric,
        threshold=above,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=meaning,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm
