"""One run: looks at every notebook instance and endpoint of the platform; what fails for one keeps no other from its turn."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from platform_contract.metrics import HEARTBEAT_MISSING
from platform_contract.names import PlatformNames
from platform_contract.notebooks import WatchedNotebook
from platform_contract.tags import ENVIRONMENT_TAG, NOTEBOOK_TAG
from watchdog.aws import Aws
from watchdog.endpoints import Endpoints
from watchdog.expiry import is_ours, why_delete
from watchdog.logic import Decision, decide
from watchdog.models import IN_SERVICE, Endpoint, Instance, Readings, Settings
from watchdog.report import Report
from watchdog.usage import bill, since_last_run


class Run:
    """Everything that is done at `now`. Doing it twice, even at once, stops nothing twice and breaks nothing."""

    def __init__(self, aws: Aws, endpoints: Endpoints, settings: Settings, now: datetime) -> None:
        self._aws, self._endpoints, self._settings, self._now = aws, endpoints, settings, now
        self.report = Report()

    def all(self) -> Report:
        """Do it all, and return what was done."""
        for name in self._instance_names():
            self._try(f"notebook instance {name}", partial(self._look_at, name))
        self._try("endpoints", self._delete_expired)
        self._try("log retention", partial(self._aws.keep_service_logs_for, self._settings.log_retention_days))
        subject, message = self.report.message()
        if subject:
            self._try("message", partial(self._aws.notify, subject, message))
        return self.report

    def _try(self, what: str, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:
            self.report.failures.append(f"{what}: {type(error).__name__}: {error}")

    def _instance_names(self) -> list[str]:
        """Return the declared ones, and those that were kept when they were replaced or removed."""
        names = list(self._settings.notebooks)

        def find() -> None:
            names.extend(self._aws.instance_names(PlatformNames(self._settings.environment).notebook_instances))

        self._try("list of notebook instances", find)
        return sorted(set(names))

    def _look_at(self, name: str) -> None:
        instance = self._aws.instance(name)
        watched = self._settings.notebooks.get(name)
        if instance is None:
            return
        if watched is None:
            if instance.tags.get(ENVIRONMENT_TAG) != self._settings.environment:
                return
            watched = self._settings.for_notebook(instance.tags.get(NOTEBOOK_TAG, ""), name)
        readings = self._readings(instance)
        decision = decide(watched, instance, readings, self._settings, self._now)
        self._note(watched, instance, readings, decision)
        self._measure(instance, decision)
        if decision.stop and self._aws.stop(name):
            self._note_stop(watched, instance, decision)

    def _readings(self, instance: Instance) -> Readings:
        """Return what is known; the hard limit holds without it."""
        known = [Readings(heartbeat=None)]

        def read() -> None:
            known.append(self._aws.readings(instance.name, self._settings.heartbeat_minutes, self._now))

        if instance.status == IN_SERVICE:
            self._try(f"metrics of {instance.name}", read)
        return known[-1]

    def _measure(self, instance: Instance, decision: Decision) -> None:
        usage = since_last_run(instance, self._settings, self._now)
        values = {"HoursOn": usage.on, "HoursOff": usage.off}
        if usage.saved is not None:
            values["MoneySaved"] = usage.saved
        if decision.heartbeat_missing is not None:
            values[HEARTBEAT_MISSING] = float(decision.heartbeat_missing)
        self._try(f"metrics of {instance.name}", partial(self._aws.publish, instance.name, values))

    def _note(self, watched: WatchedNotebook, instance: Instance, readings: Readings, decision: Decision) -> None:
        line = {
            "notebook": watched.notebook,
            "instance": instance.name,
            "status": instance.status,
            "stop": decision.stop,
            "reason": decision.reason,
            "heartbeat_missing": decision.heartbeat_missing,
            "idle_minutes": readings.idle_minutes,
            "cpu_percent": readings.cpu_percent,
            "note": decision.note,
        }
        self.report.notebooks.append({key: value for key, value in line.items() if value not in (None, "")})

    def _note_stop(self, watched: WatchedNotebook, instance: Instance, decision: Decision) -> None:
        who = {"notebook": watched.notebook, "instance": instance.name, "instance_type": instance.instance_type}
        self.report.stopped.append({**who, "reason": decision.reason, **bill(instance, self._settings, self._now)})

    def _delete_expired(self) -> None:
        found: list[Endpoint] = []
        for name, arn in self._endpoints.names():
            self._try(f"endpoint {name}", partial(self._find, name, arn, found))
        due = {endpoint.name: reason for endpoint in found if (reason := why_delete(endpoint, self._settings, self._now))}
        kept = [endpoint for endpoint in found if endpoint.name not in due]
        for endpoint in found:
            if endpoint.name in due:
                self._try(f"endpoint {endpoint.name}", partial(self._delete, endpoint, due[endpoint.name], kept))

    def _find(self, name: str, arn: str, found: list[Endpoint]) -> None:
        tags = self._endpoints.tags(arn)
        endpoint = self._endpoints.describe(name, arn, tags) if self._is_ours(tags) else None
        if endpoint:
            found.append(endpoint)

    def _delete(self, endpoint: Endpoint, reason: str, kept: list[Endpoint]) -> None:
        self._endpoints.delete(endpoint, self._is_ours, kept)
        entry = {"endpoint": endpoint.name, "notebook": endpoint.tags[NOTEBOOK_TAG], "reason": reason}
        self.report.deleted.append(entry)

    def _is_ours(self, tags: Mapping[str, str]) -> bool:
        return is_ours(tags, self._settings)
