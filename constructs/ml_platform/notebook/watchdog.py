"""What stops notebook instances that their own idle agent has left running: schedule -> function, and the alarms."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ml_platform.common.alarm import WatchedMetric, alert, errors_of, waiting_in
from ml_platform.common.compliance import acknowledge
from ml_platform.common.function import PlatformFunction
from ml_platform.common.problems import not_an_alias, refuse, whole
from ml_platform.notebook.owner import default_prefix
from ml_platform.notebook.watchdog_access import delete_endpoints, measure_and_tell, stop_notebooks
from ml_platform.notebook.watchdog_options import WatchdogOptions
from platform_contract.metrics import BLIND, HEARTBEAT_MISSING, NOTEBOOKS
from platform_contract.names import PlatformNames
from platform_contract.notebooks import WatchedNotebook

FUNCTION_TIMEOUT = Duration.minutes(5)
"""Many instances and endpoints are looked at one after the other."""
LOST_RUNS = Duration.days(1)
"""How long a run that was lost is remembered; the next one makes up for it."""


class NotebookWatchdog(Construct):
    """Scheduled function outside of the instances, and an alarm for each instance whose idle agent is silent.

    It also deletes endpoints that were made from notebooks and have expired, and gives the log group that SageMaker makes for
    lifecycle scripts a retention.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        notebooks: Sequence[WatchedNotebook],
        key: kms.IKey,
        alerts: sns.ITopic,
        prefix: str | None = None,
        options: WatchdogOptions = WatchdogOptions(),  # noqa: B008 - frozen
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
    ) -> None:
        """Create schedule, function and alarms.

        Parameters
        ----------
        notebooks
            What is watched: `NotebookInstance.watched()` of each.
        key
            Encrypts queue and logs; CloudWatch Logs, EventBridge and SQS must be let use it.
        alerts
            Told of what was stopped, and of every alarm.
        prefix
            First part of the instances' names, and value of the tag on all that belongs to the platform. Default: that of
            notebooks of this stack which were given no owner.
        options
            Schedule, limits, prices. Default: a look every 5 minutes, no prices.
        log_retention
            How long the function's logs are kept. Default: 3 months.
        """
        super().__init__(scope, construct_id)
        self._prefix, self._options, self._key = prefix or default_prefix(self), options, key
        refuse(self, [*_problems(self._prefix, notebooks, options), *not_an_alias("key", key)])
        self.dead_letters = self._build_dead_letters()
        self.function = self._build_function(notebooks, alerts, log_retention)
        self.rule = self._build_rule()
        self._build_alarms(notebooks, alerts)

    def _build_dead_letters(self) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            retention_period=LOST_RUNS,
        )
        acknowledge(queue, "A dead-letter queue's own dead letters would need a queue without end", "Serverless-SQSRedrivePolicy")
        return queue

    def _build_function(
        self, notebooks: Sequence[WatchedNotebook], alerts: sns.ITopic, log_retention: logs.RetentionDays
    ) -> PlatformFunction:
        return PlatformFunction(
            self,
            "Watchdog",
            package="watchdog",
            log_name=PlatformNames(self._prefix).shared("watchdog"),
            description="Stops forgotten notebook instances and deletes expired endpoints of notebooks",
            statements=[
                *stop_notebooks(self, self._prefix),
                *delete_endpoints(self, self._prefix),
                *measure_and_tell(self, alerts, self.dead_letters, self._key),
            ],
            why_wildcards=(
                "People name endpoints, and instances that were kept when they were replaced have other names: both are "
                "recognized by their tags. SageMaker's List calls, GetMetricData, PutMetricData and DescribeLogGroups know no "
                "resources"
            ),
            key=self._key,
            environment={"ALERTS_TOPIC_ARN": alerts.topic_arn},
            timeout=FUNCTION_TIMEOUT,
            log_retention=log_retention,
            extra_files={"notebooks.json": json.dumps(self._settings(notebooks), indent=1)},
            dead_letters=self.dead_letters,
        )

    def _settings(self, notebooks: Sequence[WatchedNotebook]) -> dict[str, Any]:
        options = self._options
        return {
            "environment": self._prefix,
            "every_minutes": int(options.every.to_minutes()),
            "heartbeat_minutes": int(options.heartbeat.to_minutes()),
            "max_keep_alive_hours": int(options.max_keep_alive.to_hours()),
            "currency": options.currency,
            "prices_per_hour": dict(sorted(options.prices_per_hour.items())),
            "log_retention_days": options.service_log_days,
            "notebooks": [asdict(notebook) for notebook in notebooks],
        }

    def _build_rule(self) -> events.Rule:
        rule = events.Rule(
            self,
            "Schedule",
            description="Looks for forgotten notebook instances",
            schedule=events.Schedule.rate(self._options.every),
        )
        rule.add_target(targets.LambdaFunction(self.function.function, dead_letter_queue=self.dead_letters, retry_attempts=0))
        return rule

    def _build_alarms(self, notebooks: Sequence[WatchedNotebook], alerts: sns.ITopic) -> None:
        # Two intervals, so that each period has at least one run in it, whatever its delay.
        period = Duration.minutes(2 * self._options.every.to_minutes())
        alert(
            self,
            "FunctionErrors",
            metric=errors_of(self.function.function.function_name, period),
            above=0,
            meaning="The watchdog could not look at some notebook or endpoint; its log says which and why",
            topic=alerts,
        )
        alert(
            self,
            "LostRuns",
            metric=waiting_in(self.dead_letters.queue_name, period),
            above=0,
            meaning="A run of the watchdog was lost; the next one makes up for it. Its log or the rule's metrics say why",
            topic=alerts,
        )
        for notebook in notebooks:
            self._build_notebook_alarms(notebook, alerts, period)

    def _build_notebook_alarms(self, notebook: WatchedNotebook, alerts: sns.ITopic, period: Duration) -> None:
        name = _pascal(notebook.notebook)
        meanings = {
            ("Silent", HEARTBEAT_MISSING, "Maximum"): (
                f"Notebook {notebook.notebook} runs, but its idle agent is silent: it will not stop itself. Open it, look at "
                "/var/log/ml-platform-*.log, and stop and start it"
            ),
            ("Blind", BLIND, "Minimum"): (
                f"Notebook {notebook.notebook} has kernels, but its Jupyter does not answer the idle agent: only the longest "
                "uptime and the nightly stop end it. Its checks' log says what was asked; stop and start it"
            ),
        }
        for (ending, metric, statistic), meaning in meanings.items():
            alert(
                self,
                f"{name}{ending}",
                metric=WatchedMetric(
                    namespace=NOTEBOOKS,
                    name=metric,
                    dimensions={"NotebookInstanceName": notebook.instance},
                    statistic=statistic,
                    period=period,
                ),
                above=0,
                meaning=meaning,
                topic=alerts,
            )


def _pascal(notebook: str) -> str:
    return "".join(part.capitalize() for part in notebook.split("-"))


def _problems(prefix: str, notebooks: Sequence[WatchedNotebook], options: WatchdogOptions) -> Iterator[str]:
    beginning = PlatformNames(prefix).notebook_instances
    for notebook in notebooks:
        if not notebook.instance.startswith(beginning):
            yield (
                f"notebooks: {notebook.instance} does not begin with {beginning}, so that the watchdog's role could not stop it; "
                "give `prefix`, and a watchdog to each prefix"
            )
    names = [_pascal(notebook.notebook) for notebook in notebooks]
    alike = [notebook.notebook for notebook, name in zip(notebooks, names, strict=True) if names.count(name) > 1]
    if alike:
        yield f"notebooks: {', '.join(alike)} differ in hyphens only; alarms are called by names without them, rename one"
    yield from whole("options.every", options.every, "minutes", 1, 60)
    yield from whole("options.heartbeat", options.heartbeat, "minutes", 5, 1440)
    yield from whole("options.max_keep_alive", options.max_keep_alive, "hours", 1, 720)
