"""A whole run of the watchdog: what it does, tells and measures, and that one failure keeps nobody else from their turn."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from platform_contract.notebooks import WatchedNotebook
from tests.lambda_support import event
from watchdog.models import Endpoint, Instance, Readings, Settings
from watchdog.run import Run

NOW = datetime(2026, 11, 24, 21, 5, tzinfo=UTC)
PREFIX = "mlp-test"
NAMES = {notebook: f"{PREFIX}-nb-{notebook}-1234" for notebook in ("one", "two")}
SETTINGS = Settings(
    environment=PREFIX,
    every_minutes=5,
    heartbeat_minutes=15,
    max_keep_alive_hours=168,
    currency="USD",
    prices_per_hour={"ml.t3.medium": 0.05},
    log_retention_days=90,
    notebooks={name: WatchedNotebook(notebook=notebook, instance=name) for notebook, name in NAMES.items()},
)
ALIVE = Readings(heartbeat=True, idle_minutes=1, cpu_percent=1)
DEAD = Readings(heartbeat=False, cpu_percent=1)


def tags(notebook: str, **more: str) -> dict[str, str]:
    return {"ml-platform:notebook": notebook, "ml-platform:environment": PREFIX, **more}


class FakeAws:
    """SageMaker, CloudWatch and SNS, as far as the watchdog asks them."""

    def __init__(self) -> None:
        self.instances = {name: self.made(name, notebook) for notebook, name in NAMES.items()}
        self.known: dict[str, Readings] = {}
        self.failing: dict[tuple[str, str], Exception] = {}
        self.stopped, self.notified, self.retention = [], [], []
        self.published: dict[str, dict[str, float]] = {}

    @staticmethod
    def made(name: str, notebook: str, hours: float = 2, status: str = "InService") -> Instance:
        since = NOW - timedelta(hours=hours)
        return Instance(name=name, status=status, instance_type="ml.t3.medium", since=since, tags=tags(notebook))

    def _maybe_fail(self, call: str, name: str = "") -> None:
        if (call, name) in self.failing:
            raise self.failing[call, name]

    def instance_names(self, beginning):
        self._maybe_fail("instance_names")
        return [name for name in self.instances if name.startswith(beginning)]

    def instance(self, name):
        self._maybe_fail("instance", name)
        return self.instances.get(name)

    def readings(self, name, _minutes, _now):
        self._maybe_fail("readings", name)
        return self.known.get(name, ALIVE)

    def stop(self, name):
        self._maybe_fail("stop", name)
        if name in self.stopped:
            return False
        self.stopped.append(name)
        return True

    def publish(self, name, values):
        self._maybe_fail("publish", name)
        self.published[name] = dict(values)

    def notify(self, subject, message):
        self._maybe_fail("notify")
        self.notified.append((subject, message))

    def keep_service_logs_for(self, days):
        self.retention.append(days)


class FakeEndpoints:
    """Endpoints with their tags."""

    def __init__(self) -> None:
        self.all: dict[str, Endpoint] = {}
        self.deleted: list[str] = []
        self.failing: set[str] = set()

    def add(self, name: str, notebook: str | None, hours: float = 9) -> None:
        found = tags(notebook) if notebook else {"ml-platform:environment": PREFIX}
        created = NOW - timedelta(hours=hours)
        self.all[name] = Endpoint(name=name, arn=f"arn/{name}", status="InService", created=created, config="c", tags=found)

    def names(self):
        return [(name, entry.arn) for name, entry in self.all.items()]

    def tags(self, arn):
        return self.all[arn.removeprefix("arn/")].tags

    def describe(self, name, _arn, _tags):
        return self.all[name]

    def delete(self, endpoint, _is_ours, _kept):
        if endpoint.name in self.failing:
            raise RuntimeError("throttled")
        self.deleted.append(endpoint.name)


@pytest.fixture
def world() -> SimpleNamespace:
    aws, endpoints = FakeAws(), FakeEndpoints()
    return SimpleNamespace(aws=aws, endpoints=endpoints, run=lambda: Run(aws, endpoints, SETTINGS, NOW).all())


def test_a_quiet_run_measures_and_tells_nobody(world) -> None:
    report = world.run()
    assert not world.aws.stopped and not world.aws.notified and not report.failures
    expected = {"HoursOn": pytest.approx(5 / 60), "HoursOff": 0, "MoneySaved": 0, "HeartbeatMissing": 0}
    assert world.aws.published == dict.fromkeys(NAMES.values(), expected)
    assert world.aws.retention == [90]
    assert [entry["reason"] for entry in report.notebooks] == ["its idle agent watches it"] * 2


def test_what_is_stopped_is_told_with_hours_and_money(world) -> None:
    world.aws.known[NAMES["one"]] = DEAD
    report = world.run()
    assert world.aws.stopped == [NAMES["one"]]
    assert world.aws.published[NAMES["one"]]["HeartbeatMissing"] == 1
    (stopped,) = report.as_line()["stopped"]
    assert (stopped["notebook"], stopped["hours"], stopped["cost"], stopped["saves_per_hour"]) == ("one", 2.0, 0.1, 0.05)
    assert "heartbeat" in stopped["reason"]
    assert world.aws.notified[0][0] == "Watchdog: stopped one"


def test_a_second_run_at_once_stops_nothing_twice(world) -> None:
    world.aws.known[NAMES["one"]] = DEAD
    world.run()
    assert not world.run().stopped
    assert world.aws.stopped == [NAMES["one"]] and len(world.aws.notified) == 1


def test_a_sleeping_notebook_needs_no_heartbeat(world) -> None:
    world.aws.instances[NAMES["one"]] = FakeAws.made(NAMES["one"], "one", status="Stopped")
    world.aws.failing["readings", NAMES["one"]] = AssertionError("nobody asks for metrics of what sleeps")
    assert not world.run().failures
    assert "HeartbeatMissing" not in world.aws.published[NAMES["one"]]
    assert world.aws.published[NAMES["one"]]["MoneySaved"] == pytest.approx(5 / 60 * 0.05)


@pytest.mark.parametrize("call", ["instance", "stop", "publish", "readings"])
def test_what_fails_for_one_notebook_keeps_no_other_from_its_turn(world, call: str) -> None:
    world.aws.known = dict.fromkeys(NAMES.values(), DEAD)
    world.aws.failing[call, NAMES["one"]] = RuntimeError("throttled")
    report = world.run()
    assert NAMES["two"] in world.aws.stopped
    assert len(report.failures) == 1 and NAMES["one"] in report.failures[0] and "throttled" in report.failures[0]


def test_the_hard_limit_holds_without_metrics(world) -> None:
    world.aws.instances[NAMES["one"]] = FakeAws.made(NAMES["one"], "one", hours=72)
    world.aws.failing["readings", NAMES["one"]] = RuntimeError("CloudWatch is down")
    assert world.run().failures and world.aws.stopped == [NAMES["one"]]


def test_declared_notebooks_are_watched_when_instances_cannot_be_listed(world) -> None:
    world.aws.failing["instance_names", ""] = RuntimeError("throttled")
    world.aws.known[NAMES["one"]] = DEAD
    assert world.run().failures and world.aws.stopped == [NAMES["one"]]


def test_an_instance_that_was_kept_when_it_was_replaced_is_watched_too(world) -> None:
    old = f"{PREFIX}-nb-one-0000"
    world.aws.instances[old] = FakeAws.made(old, "one")
    world.aws.known[old] = Readings(heartbeat=True, idle_minutes=60, cpu_percent=1)
    report = world.run()
    assert world.aws.stopped == [old] and "no longer declared" in report.stopped[0]["reason"]


def test_somebody_elses_instance_with_a_like_name_is_left_alone(world) -> None:
    other = f"{PREFIX}-nb-theirs"
    world.aws.instances[other] = FakeAws.made(other, "theirs", hours=999)
    world.aws.instances[other].tags.clear()
    assert not world.run().failures and not world.aws.stopped and other not in world.aws.published


def test_a_declared_instance_that_does_not_exist_is_no_failure(world) -> None:
    del world.aws.instances[NAMES["one"]]
    assert not world.run().failures


def test_expired_endpoints_of_notebooks_are_deleted_and_told(world) -> None:
    world.endpoints.add("old", "one")
    world.endpoints.add("young", "one", hours=1)
    world.endpoints.add("served", None, hours=999)
    report = world.run()
    assert world.endpoints.deleted == ["old"]
    assert report.deleted == [{"endpoint": "old", "notebook": "one", "reason": report.deleted[0]["reason"]}]
    assert world.aws.notified[0][0] == "Watchdog: deleted old" and "older than 8 hours" in world.aws.notified[0][1]


def test_an_endpoint_that_cannot_be_deleted_keeps_no_other_from_going(world) -> None:
    world.endpoints.add("first", "one")
    world.endpoints.add("second", "two")
    world.endpoints.failing.add("first")
    report = world.run()
    assert world.endpoints.deleted == ["second"] and "endpoint first" in report.failures[0]


def test_a_message_that_cannot_be_sent_is_a_failure_but_undoes_nothing(world) -> None:
    world.aws.known[NAMES["one"]] = DEAD
    world.aws.failing["notify", ""] = RuntimeError("no such topic")
    report = world.run()
    assert world.aws.stopped == [NAMES["one"]] and "message" in report.failures[0]


@pytest.fixture
def handler(load_function: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The handler as Lambda sees it, beside the file that the construct writes."""
    notebooks: list[dict[str, Any]] = [
        {
            "notebook": "one",
            "instance": NAMES["one"],
            "idle_minutes": 60,
            "max_uptime_hours": 72,
            "endpoint_hours": 8,
            "nightly": {"at": "22:00", "timezone": "Europe/Berlin"},
        }
    ]
    content = {
        "environment": PREFIX,
        "every_minutes": 5,
        "heartbeat_minutes": 15,
        "max_keep_alive_hours": 168,
        "currency": "USD",
        "prices_per_hour": {},
        "log_retention_days": 90,
        "notebooks": notebooks,
    }
    environment = {
        "ALERTS_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:alerts",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    module = load_function("watchdog", {"notebooks.json": json.dumps(content)}, environment)
    aws, endpoints = FakeAws(), FakeEndpoints()
    aws.instances = {}
    monkeypatch.setattr(module, "AWS", aws)
    monkeypatch.setattr(module, "ENDPOINTS", endpoints)
    return SimpleNamespace(module=module, aws=aws)


def test_a_real_event_starts_a_run_whose_report_is_logged(handler, capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler.module.handler(event("scheduled"), None)
    assert json.loads(capsys.readouterr().out) == answer == {"stopped": [], "notebooks": []}
    assert handler.module.SETTINGS.notebooks[NAMES["one"]].nightly.at == "22:00"


def test_a_run_that_left_something_out_is_logged_and_then_fails(handler, capsys: pytest.CaptureFixture[str]) -> None:
    handler.aws.failing["instance", NAMES["one"]] = RuntimeError("throttled")
    with pytest.raises(handler.module.Incomplete, match="throttled"):
        handler.module.handler(event("scheduled"), None)
    assert "throttled" in json.loads(capsys.readouterr().out)["failures"][0]
