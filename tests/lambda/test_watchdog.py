"""The watchdog's decisions: which notebooks it stops and which endpoints it deletes, each with its reason."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_contract.notebooks import NightlyStop, WatchedNotebook
from shared import clock
from watchdog.expiry import is_ours, why_delete
from watchdog.logic import Decision, computes, decide, last_moment, parse_time
from watchdog.models import Endpoint, Instance, Readings, Settings
from watchdog.report import Report
from watchdog.usage import bill, since_last_run

NOW = datetime(2026, 11, 24, 21, 5, tzinfo=UTC)
"""22:05 in Berlin."""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIGHTLY = NightlyStop(at="22:00", timezone="Europe/Berlin")
DEMO = WatchedNotebook(notebook="demo", instance="mlp-test-nb-demo-1234", max_uptime_hours=72, endpoint_hours=8)
NIGHTS = WatchedNotebook(notebook="demo", instance="mlp-test-nb-demo-1234", nightly=NIGHTLY)
LEFT_OVER = WatchedNotebook(notebook="demo", instance="mlp-test-nb-demo-0000", declared=False)
SETTINGS = Settings(
    environment="mlp-test",
    every_minutes=5,
    heartbeat_minutes=15,
    max_keep_alive_hours=168,
    currency="USD",
    prices_per_hour={"ml.t3.medium": 0.05},
    log_retention_days=90,
    notebooks={DEMO.instance: DEMO},
)
BUSY = Readings(heartbeat=True, idle_minutes=0, cpu_percent=1)
IDLE = Readings(heartbeat=True, idle_minutes=40, cpu_percent=1)
BURNING = Readings(heartbeat=True, idle_minutes=40, cpu_percent=80)
DEAD_IDLE = Readings(heartbeat=False, idle_minutes=None, cpu_percent=1)
DEAD_BUSY = Readings(heartbeat=False, idle_minutes=None, cpu_percent=5)
DARK = Readings(heartbeat=False)
UNREAD = Readings(heartbeat=None)


def instance(hours: float = 2, status: str = "InService", keep: str | None = None, kind: str = "ml.t3.medium") -> Instance:
    tags = {} if keep is None else {"ml-platform:keep-alive-until": keep}
    return Instance(name=DEMO.instance, status=status, instance_type=kind, since=NOW - hours * HOUR, tags=tags)


def at(hours: float) -> str:
    return (NOW + hours * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")


def verdict(watched: WatchedNotebook, found: Instance, readings: Readings) -> Decision:
    return decide(watched, found, readings, SETTINGS, NOW)


@pytest.mark.parametrize(
    ("watched", "found", "readings", "stop", "reason", "missing"),
    [
        (DEMO, instance(71.9), IDLE, False, "its idle agent watches it", False),
        (DEMO, instance(72), IDLE, True, "max_uptime_hours allows 72", False),
        (DEMO, instance(72), BUSY, True, "it has run for 72.0 hours", False),
        (DEMO, instance(100), DARK, True, "max_uptime_hours", True),
        (DEMO, instance(100), UNREAD, True, "max_uptime_hours", None),
        (NIGHTS, instance(2), IDLE, True, "nightly stop (22:00 Europe/Berlin) has come, and it computes nothing", False),
        (NIGHTS, instance(2), BUSY, False, "it computes", False),
        (NIGHTS, instance(2), BURNING, False, "it computes", False),
        (NIGHTS, instance(0.05), IDLE, False, "its idle agent watches it", False),
        (NIGHTS, instance(2), DEAD_IDLE, True, "nightly stop", True),
        (NIGHTS, instance(2), DEAD_BUSY, False, "its CPU is at work (5.0 %)", True),
        (NIGHTS, instance(2), DARK, False, "nothing is known of its CPU", True),
        (NIGHTS, instance(2), UNREAD, False, "nothing is known of its work yet", None),
        (DEMO, instance(2), DEAD_IDLE, True, "no heartbeat for 15 minutes, and its CPU is idle (1.0 %)", True),
        (DEMO, instance(2), DEAD_BUSY, False, "its idle agent is silent, but its CPU is at work", True),
        (DEMO, instance(2), DARK, False, "its idle agent is silent, but nothing is known of its CPU", True),
        (DEMO, instance(14 / 60), DEAD_IDLE, False, "its idle agent watches it", False),
        (DEMO, instance(15 / 60), DEAD_IDLE, True, "no heartbeat", True),
        (DEMO, instance(0.01), DARK, False, "nothing is known of its work yet", False),
        (DEMO, instance(2), IDLE, False, "its idle agent watches it", False),
        (DEMO, instance(2, "Stopped"), DARK, False, "it is Stopped", None),
        (DEMO, instance(99, "Stopping"), DEAD_IDLE, False, "it is Stopping", None),
        (DEMO, instance(99, "Pending"), DARK, False, "it is Pending", None),
        (DEMO, instance(99, "Failed"), DARK, False, "it is Failed", None),
        (DEMO, instance(99, keep=at(1)), BUSY, False, "its tag keeps it alive until 2026-11-24 22:05 UTC", False),
        (NIGHTS, instance(2, keep=at(1)), IDLE, False, "keeps it alive", False),
        (DEMO, instance(2, keep=at(1)), DEAD_IDLE, False, "keeps it alive", True),
        (DEMO, instance(2, keep=at(168)), DEAD_IDLE, False, "keeps it alive", True),
        (DEMO, instance(2, keep=at(-1)), DEAD_IDLE, True, "no heartbeat", True),
        (DEMO, instance(2, keep=at(168.1)), DEAD_IDLE, True, "no heartbeat", True),
        (DEMO, instance(2, keep="for ever"), DEAD_IDLE, True, "no heartbeat", True),
        (DEMO, instance(2, keep="2026-11-25"), DEAD_IDLE, True, "no heartbeat", True),
        (LEFT_OVER, instance(2), Readings(heartbeat=True, idle_minutes=60, cpu_percent=1), True, "no longer declared", False),
        (LEFT_OVER, instance(2), IDLE, False, "its idle agent watches it", False),
        (LEFT_OVER, instance(2), Readings(heartbeat=True, idle_minutes=61, cpu_percent=70), False, "it computes", False),
        (DEMO, instance(2), Readings(heartbeat=True, idle_minutes=600, cpu_percent=1), False, "its idle agent watches it", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_decisions(watched, found, readings, stop, reason, missing) -> None:
    decision = verdict(watched, found, readings)
    assert (decision.stop, decision.heartbeat_missing) == (stop, missing)
    assert reason in decision.reason


@pytest.mark.parametrize(
    ("keep", "note"),
    [
        (at(1), ""),
        (at(-1), ""),
        ("for ever", "'for ever', no UTC time such as 2026-11-24T18:00:00Z; it is ignored"),
        (at(200), "more than 168 hours ahead; it is ignored until it is nearer"),
    ],
)
def test_a_tag_that_is_not_honoured_is_told(keep: str, note: str) -> None:
    found = verdict(DEMO, instance(keep=keep), IDLE).note
    assert note in found and bool(found) == bool(note)


@given(
    hours=st.floats(0, 71.9),
    cpu=st.none() | st.floats(5, 100),
    beat=st.sampled_from([True, False, None]),
    nightly=st.sampled_from([None, NIGHTLY]),
    declared=st.booleans(),
)
def test_nothing_that_may_be_computing_is_stopped_before_its_hard_limit(hours, cpu, beat, nightly, declared) -> None:
    watched = WatchedNotebook(notebook="demo", instance="i", nightly=nightly, declared=declared)
    idle = 0.0 if beat else None
    assert not verdict(watched, instance(hours), Readings(heartbeat=beat, idle_minutes=idle, cpu_percent=cpu)).stop


@given(cpu=st.floats(0, 100), idle=st.floats(0, 2000), more=st.floats(0, 100), hours=st.floats(0, 100))
def test_more_cpu_never_makes_it_stop(cpu, idle, more, hours) -> None:
    calm = verdict(NIGHTS, instance(hours), Readings(heartbeat=True, idle_minutes=idle, cpu_percent=cpu))
    busier = verdict(NIGHTS, instance(hours), Readings(heartbeat=True, idle_minutes=idle, cpu_percent=min(100, cpu + more)))
    assert calm.stop or not busier.stop


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        (BUSY, True),
        (BURNING, True),
        (IDLE, False),
        (DEAD_IDLE, False),
        (DARK, None),
        (Readings(heartbeat=False, idle_minutes=0), None),
        (Readings(heartbeat=True, idle_minutes=3), False),
        (Readings(heartbeat=True, cpu_percent=4.9), False),
    ],
)
def test_computing_is_what_agent_or_cpu_say(readings: Readings, expected: bool | None) -> None:
    assert computes(readings) is expected


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "now", "expected"),
    [
        ("22:00", "Europe/Berlin", "2026-11-24T20:59", "2026-11-23T21:00"),
        ("22:00", "Europe/Berlin", "2026-11-24T21:00", "2026-11-24T21:00"),
        ("22:00", "Europe/Berlin", "2026-07-01T20:00", "2026-07-01T20:00"),
        ("00:00", "Asia/Tokyo", "2026-11-24T15:00", "2026-11-24T15:00"),
        ("23:30", "America/Los_Angeles", "2026-11-25T07:29", "2026-11-24T07:30"),
        # The clock goes from 02:00 to 03:00: a moment that the night skips is taken as if it had not.
        ("02:30", "Europe/Berlin", "2026-03-29T01:29", "2026-03-28T01:30"),
        ("02:30", "Europe/Berlin", "2026-03-29T01:30", "2026-03-29T01:30"),
        # The clock goes back from 03:00 to 02:00: of a moment that comes twice the first counts.
        ("02:30", "Europe/Berlin", "2026-10-25T00:29", "2026-10-24T00:30"),
        ("02:30", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T00:30"),
        ("02:30", "Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:30"),
    ],
)
def test_the_night_falls_where_the_notebook_is(at: str, zone: str, now: str, expected: str) -> None:
    assert last_moment(NightlyStop(at=at, timezone=zone), utc(now)) == utc(expected)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe"]),
    hour=st.integers(0, 23),
)
def test_the_last_night_is_never_ahead_and_never_more_than_a_day_and_an_hour_ago(now, zone, hour) -> None:
    moment, now = last_moment(NightlyStop(at=f"{hour:02}:30", timezone=zone), now.replace(tzinfo=UTC)), now.replace(tzinfo=UTC)
    assert timedelta() <= now - moment <= 25 * HOUR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T18:00:00Z", datetime(2026, 11, 24, 18, tzinfo=UTC)),
        ("2026-11-24T19:00:00+01:00", datetime(2026, 11, 24, 18, tzinfo=UTC)),
        ("2026-11-24T18:00:00", None),
        ("2026-11-24", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_times_in_tags_have_a_time_zone(text: str, expected: datetime | None) -> None:
    assert parse_time(text) == expected


def endpoint(hours: float = 1, status: str = "InService", expires: str | None = at(1), notebook: str = "demo") -> Endpoint:
    tags = {"ml-platform:notebook": notebook, "ml-platform:environment": "mlp-test"}
    tags |= {} if expires is None else {"ml-platform:expires": expires}
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/e"
    return Endpoint(name="e", arn=arn, status=status, created=NOW - hours * HOUR, config="c", tags=tags)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (endpoint(), ""),
        (endpoint(100, expires=at(1)), ""),
        (endpoint(expires=at(0)), "it expired at"),
        (endpoint(expires=at(-1)), "it expired at"),
        (endpoint(expires=at(-1), status="Failed"), "it expired at"),
        (endpoint(expires=at(-1), status="Creating"), ""),
        (endpoint(expires=at(-1), status="Updating"), ""),
        (endpoint(expires=at(-1), status="RollingBack"), ""),
        (endpoint(expires=at(-1), status="Deleting"), ""),
        (endpoint(7.9, expires=None), ""),
        (endpoint(8, expires=None), "it is older than 8 hours, and has no tag ml-platform:expires"),
        (endpoint(8, expires="soon"), "is no UTC time: 'soon'"),
        (endpoint(7, expires="soon"), ""),
        (endpoint(1, expires=at(168)), ""),
        (endpoint(8, expires=at(161)), "more than 168 hours after its creation"),
        (endpoint(8, expires=None, notebook="gone"), "it is older than 8 hours"),
    ],
    ids=lambda value: value if isinstance(value, str) and value else "",
)
def test_endpoints_go_when_they_expire(found: Endpoint, reason: str) -> None:
    text = why_delete(found, SETTINGS, NOW)
    assert reason in text and bool(text) == bool(reason)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"ml-platform:notebook": "demo", "ml-platform:environment": "mlp-test"}, True),
        ({"ml-platform:notebook": "demo", "ml-platform:environment": "mlp-prod"}, False),
        ({"ml-platform:notebook": "demo"}, False),
        ({"ml-platform:environment": "mlp-test", "ml-platform:endpoint": "mlp-test-spam"}, False),
        ({}, False),
    ],
)
def test_only_what_a_notebook_of_this_platform_made_is_ours(tags: dict, expected: bool) -> None:
    assert is_ours(tags, SETTINGS) is expected


def test_hours_on_and_off_are_those_since_the_last_run() -> None:
    running = since_last_run(instance(2), SETTINGS, NOW)
    assert (round(running.on, 4), running.off, running.saved) == (0.0833, 0.0, 0.0)
    just_stopped = since_last_run(instance(2 / 60, "Stopped"), SETTINGS, NOW)
    assert (round(just_stopped.on * 60), round(just_stopped.off * 60)) == (3, 2)
    assert just_stopped.saved == pytest.approx(2 / 60 * 0.05)


def test_without_a_price_only_hours_are_told() -> None:
    assert since_last_run(instance(2, "Stopped", kind="ml.m5.xlarge"), SETTINGS, NOW).saved is None
    assert bill(instance(10, kind="ml.m5.xlarge"), SETTINGS, NOW) == {"hours": 10.0}
    assert bill(instance(10), SETTINGS, NOW) == {"hours": 10.0, "cost": 0.5, "saves_per_hour": 0.05, "currency": "USD"}


def test_the_embedded_aws_lets_measured_ages_pass_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "FACTOR", 60.0)
    assert clock.elapsed(NOW - MINUTE, NOW) == HOUR
    assert NOW - clock.ago(HOUR, NOW) == MINUTE
    assert verdict(DEMO, instance(72 / 60), IDLE).stop and not verdict(DEMO, instance(71 / 60), IDLE).stop


def test_the_message_says_what_why_how_long_and_what_it_saves() -> None:
    who = {"notebook": "demo", "instance": DEMO.instance, "instance_type": "ml.t3.medium", "reason": "it has run for long"}
    report = Report(stopped=[{**who, **bill(instance(10), SETTINGS, NOW)}])
    subject, text = report.message()
    assert subject == "Watchdog: stopped demo"
    assert "it has run for long. It had run for 10.0 hours and cost 0.50 USD in this time" in text
    assert "every hour that it sleeps saves 0.05 USD" in text


def test_the_message_without_a_price_says_where_to_put_one() -> None:
    who = {"notebook": "demo", "instance": DEMO.instance, "instance_type": "ml.m5.xlarge", "reason": "so"}
    text = Report(stopped=[{**who, "hours": 3.0}]).message()[1]
    assert "It had run for 3.0 hours; ml.m5.xlarge has no price in watchdog.prices_per_hour" in text


def test_a_subject_fits_into_what_sns_takes_and_a_quiet_run_has_none() -> None:
    many = [{"endpoint": f"endpoint-{n}", "notebook": "demo", "reason": "so"} for n in range(40)]
    assert len(Report(deleted=many).message()[0]) <= 100
    assert Report().message() == ("", "")
