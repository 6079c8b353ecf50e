"""Alarms: what is watched, and what CloudFormation is told."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from ml_platform.common.alarm import WatchedMetric, alert, errors_of, waiting_in
from tests.helpers import new_stack, of_type, template_of

PERIOD = Duration.minutes(5)


def alarm(statistic: str) -> dict[str, Any]:
    stack = new_stack()
    metric = WatchedMetric(namespace="N", name="M", dimensions={"B": "2", "A": "1"}, statistic=statistic, period=PERIOD)
    alert(stack, "Alarm", metric=metric, above=3, meaning="Look at it", topic=sns.Topic(stack, "Topic"))
    found: dict[str, Any] = of_type(template_of(stack), "AWS::CloudWatch::Alarm")[0]
    return found


def test_an_alarm_tells_the_topic_and_missing_data_is_no_alarm() -> None:
    found = alarm("Sum")
    assert "Topic" in found["AlarmActions"][0]["Ref"]
    assert (found["Threshold"], found["ComparisonOperator"], found["EvaluationPeriods"]) == (3, "GreaterThanThreshold", 1)
    assert (found["TreatMissingData"], found["AlarmDescription"], found["Period"]) == ("notBreaching", "Look at it", 300)


def test_percentiles_are_extended_statistics() -> None:
    assert alarm("p99")["ExtendedStatistic"] == "p99" and "Statistic" not in alarm("p99")
    assert alarm("Maximum")["Statistic"] == "Maximum" and "ExtendedStatistic" not in alarm("Maximum")


def test_dimensions_are_in_the_order_of_their_names() -> None:
    assert [dimension["Name"] for dimension in alarm("Sum")["Dimensions"]] == ["A", "B"]


def test_metrics_of_functions_and_queues_are_those_that_cdk_names() -> None:
    stack = new_stack()
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    function = lambda_.Function(stack, "F", runtime=lambda_.Runtime.PYTHON_3_14, handler="index.handler", code=code)
    queue = sqs.Queue(stack, "Q")

    def same(ours: WatchedMetric, cdks: cloudwatch.Metric) -> None:
        assert (ours.namespace, ours.name, ours.statistic) == (cdks.namespace, cdks.metric_name, cdks.statistic)
        assert stack.resolve(ours.dimensions) == stack.resolve(cdks.dimensions)

    same(errors_of(function.function_name, PERIOD), function.metric_errors())
    same(waiting_in(queue.queue_name, PERIOD), queue.metric_approximate_number_of_messages_visible())
