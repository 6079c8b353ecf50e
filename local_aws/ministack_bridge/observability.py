"""Logs, metrics, alarms and events, from and to ministack's stores."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs, eventbridge

TICK_SECONDS = 0.2
"""Shortest time between two looks at what is due."""
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, bound: value >= bound,
    "GreaterThanThreshold": lambda value, bound: value > bound,
    "LessThanThreshold": lambda value, bound: value < bound,
    "LessThanOrEqualToThreshold": lambda value, bound: value <= bound,
}


def write_logs(group: str, stream: str, messages: Sequence[str]) -> None:
    """Append to a log stream, creating group and stream where they do not exist."""
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    cloudwatch_logs._create_log_group({"logGroupName": group})
    cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": events})


def put_metrics(namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
    """Publish metric data, in PutMetricData's own form, and evaluate alarms."""
    cloudwatch._put_metric_data({}, {"Namespace": namespace, "MetricData": list(data)}, False, True)


def emit_event(detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
    """Put an event of SageMaker's on the default bus."""
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": list(resources),
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    # ministack keeps every event and reads none of them again.
    eventbridge._events_log_list().clear()


def filter_by_stream_prefix() -> None:
    """Respect logStreamNamePrefix in FilterLogEvents, which ministack does not look at."""
    original = cloudwatch_logs._filter_log_events

    def filtered(data: dict[str, Any]) -> Any:
        group = cloudwatch_logs._log_groups.get(data.get("logGroupName", ""))
        prefix = data.get("logStreamNamePrefix")
        if not prefix or group is None:
            return original(data)
        names = [name for name in group["streams"] if name.startswith(prefix)]
        # No name at all would mean every stream.
        return original({**data, "logStreamNames": names or ["\0"]})

    cloudwatch_logs._filter_log_events = filtered


def alarm_state(name: str) -> str | None:
    """Return OK, ALARM or INSUFFICIENT_DATA, or None where there is no such alarm."""
    alarm = cloudwatch._alarms.get(name)
    return alarm["StateValue"] if alarm else None


def evaluate_alarms_by_dimension(clock_factor: float) -> None:
    """Replace ministack's evaluation, which ignores an alarm's dimensions and what it says of missing data.

    Periods pass `clock_factor` times as fast as real time.
    """
    cloudwatch._evaluate_alarm = lambda alarm: _evaluate(alarm, clock_factor)


def schedule_by_clock(clock_factor: float) -> None:
    """Let the intervals of scheduled rules and schedules, rate(5 minutes), pass `clock_factor` times as fast as real time.

    What a cron expression names are hours of the real day; those stay.
    """
    interval = eventbridge._parse_rate_seconds

    def real_seconds(expression: str) -> float | None:
        found = interval(expression)
        return None if found is None else found / clock_factor

    eventbridge._parse_rate_seconds = real_seconds
    eventbridge._SCHEDULER_TICK_INTERVAL = max(TICK_SECONDS, eventbridge._SCHEDULER_TICK_INTERVAL / clock_factor)


def evaluate_all_alarms() -> None:
    """Evaluate every alarm of the account in scope; a period can end without new data."""
    cloudwatch._evaluate_all_alarms()


def _evaluate(alarm: dict[str, Any], clock_factor: float) -> None:
    if not alarm.get("MetricName"):
        return
    new, old = _state_of(alarm, clock_factor), alarm["StateValue"]
    if new == old:
        return
    reason = f"Threshold Crossed: {alarm['MetricName']} against {alarm.get('Threshold')}: {new}"
    alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _state_of(alarm: Mapping[str, Any], clock_factor: float) -> str:
    """Judge the last EvaluationPeriods periods, M of N, each on its own."""
    period = alarm.get("Period", 60) / clock_factor
    periods = int(alarm.get("EvaluationPeriods", 1))
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    missing = alarm.get("TreatMissingData") or "missing"
    now = time.time()
    values = [_value(alarm, now - (index + 1) * period, now - index * period) for index in range(periods)]
    if all(value is None for value in values) and missing == "missing":
        return "INSUFFICIENT_DATA"
    if all(value is None for value in values) and missing == "ignore":
        return str(alarm["StateValue"])
    compare = COMPARISONS[alarm["ComparisonOperator"]]
    breaching = [missing == "breaching" if value is None else compare(value, alarm["Threshold"]) for value in values]
    return "ALARM" if sum(breaching) >= needed else "OK"


def _value(alarm: Mapping[str, Any], start: float, end: float) -> float | None:
    wanted = _dimensions(alarm)
    points = [
        point
        for (namespace, metric, _), bucket in list(cloudwatch._metrics.items())
        if (namespace, metric) == (alarm["Namespace"], alarm["MetricName"])
        for point in list(bucket)
        if start < point["Timestamp"] <= end and point.get("Dimensions", {}) == wanted
    ]
    if not points:
        return None
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    value = cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points)
    return None if value is None else float(value)


def _dimensions(alarm: Mapping[str, Any]) -> dict[str, str]:
    dimensions = alarm.get("Dimensions") or {}
    if isinstance(dimensions, dict):
        return dimensions
    return {dimension["Name"]: dimension["Value"] for dimension in dimensions}
