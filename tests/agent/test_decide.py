"""The verdict of every situation, and what holds for all of them."""

import json
import time
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idle_agent.decide import decide
from idle_agent.work import moment
from tests.agent.situations import CONFIG, MONO, SITUATIONS, WALL, Situation, after, ago, kernel, naive, process, seen

RUNS = ("busy", "idle", "warned", "kept", "unknown")


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone, which must not matter."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_verdict_is_right_and_says_why(situation: Situation, zone: str) -> None:
    line, memory = decide(situation.seen, situation.memory, situation.config, situation.now)
    assert (line["verdict"], situation.reason in line["reason"]) == (situation.verdict, True), line["reason"]
    assert json.loads(json.dumps(memory))["boot"] == situation.boot


def test_the_table_is_long_and_has_both_directions() -> None:
    assert len({situation.name for situation in SITUATIONS}) == len(SITUATIONS) >= 45
    assert sum(situation.stops for situation in SITUATIONS) >= 20
    assert sum(situation.verdict == "busy" for situation in SITUATIONS) >= 20
    assert {situation.verdict for situation in SITUATIONS} == {"stopping", *RUNS}


def test_the_naive_rule_is_wrong_in_both_directions() -> None:
    stops_work = [s.name for s in SITUATIONS if naive(s) and not s.stops]
    never_stops = [s.name for s in SITUATIONS if not naive(s) and s.stops]
    assert "a terminal runs sleep" in stops_work
    assert "a kernel was started but never used" in never_stops


def simulate(observed: Any, minutes: int, config: dict[str, Any] = CONFIG) -> list[str]:
    """Return the verdicts of a check a minute; `observed` makes what each sees, from the minute."""
    memory: Any = None
    verdicts = []
    for minute in range(minutes):
        now = {"wall": WALL + minute * 60, "mono": MONO + minute * 60, "boot": "b", "factor": 1.0}
        line, memory = decide(observed(minute), json.loads(json.dumps(memory)), config, now)
        verdicts.append(line["verdict"])
    return verdicts


def test_an_untouched_notebook_is_warned_ten_minutes_before_it_is_stopped() -> None:
    verdicts = simulate(lambda minute: seen(kernel("idle", 10)), 62)
    assert verdicts == ["idle"] * 50 + ["warned"] * 10 + ["stopping"] * 2


def test_time_that_a_suspended_machine_slept_counts() -> None:
    line, _ = decide(seen(), after(500, warned=True), CONFIG, {"wall": WALL + 9, "mono": MONO, "boot": "boot-1", "factor": 1})
    assert line["verdict"] == "stopping"


def test_platform_time_passes_by_the_factor() -> None:
    line, _ = decide(seen(), after(1), CONFIG, {"wall": WALL, "mono": MONO, "boot": "boot-1", "factor": 60})
    assert (line["verdict"], line["idle_minutes"]) == ("warned", 60.0)


def test_work_in_the_last_minutes_takes_the_warning_back() -> None:
    def observed(minute: int) -> dict[str, Any]:
        return seen(kernel("busy" if 55 <= minute < 58 else "idle", 10))

    verdicts = simulate(observed, 125)
    assert verdicts[54:59] == ["warned", "busy", "busy", "busy", "idle"]
    assert verdicts.index("stopping") == 57 + 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24T12:00:00.500000Z", 0.5),
        ("2026-11-24T12:00:00Z", 0),
        ("2026-11-24T12:00:00", 0),
        ("2026-11-24 12:00:00,25z", 0.25),
        ("2026-11-24T13:00:00+01:00", 0),
        ("2026-11-24T13:30:00.5+0130", 0.5),
        ("2026-11-24T05:00:00-07:00", 0),
        ("  2026-11-24T12:00:00Z\n", 0),
    ],
)
def test_a_stamp_is_read_in_every_form(text: str, seconds: float) -> None:
    assert moment(text) == pytest.approx(WALL + seconds)


@pytest.mark.parametrize(
    "text",
    ["", "now", None, 7, "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+99:99", "0000-01-01T00:00:00Z"],
)
def test_what_is_no_stamp_is_none(text: Any) -> None:
    assert moment(text) == 0


FORMS = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S%z")


@given(
    minutes=st.integers(0, 200),
    offset=st.integers(-12 * 60, 14 * 60),
    form=st.sampled_from(FORMS),
    remembered=st.integers(0, 200),
)
def test_the_verdict_does_not_depend_on_how_a_stamp_is_written(minutes: int, offset: int, form: str, remembered: int) -> None:
    from datetime import timedelta, timezone

    zone = UTC if form.endswith("Z") else timezone(timedelta(minutes=offset))
    now = {"wall": WALL, "mono": MONO, "boot": "boot-1", "factor": 1}
    lines = [
        decide(seen(kernel(stamp=stamp)), after(remembered), CONFIG, now)[0] for stamp in (ago(minutes), ago(minutes, form, zone))
    ]
    assert lines[0] == lines[1]


BEGINNINGS = ("the machine was started again", "what is remembered is garbage", "what is remembered is from the future")
WORK = [
    {"sessions": [kernel("busy")]},
    {"kernels": [kernel("busy")["kernel"]]},
    {"processes": [process("sleep 9", "job", group="77", number=9)]},
    {"processes": [process("papermill a b", "other", number=9)]},
    {"processes": [process("x", "other", 60, number=9)]},
    {"sessions": [kernel(minutes=0.1)]},
    {"files": [(WALL - 1, "new.csv")]},
    {"typed": [WALL - 1.0]},
]


@given(st.sampled_from(SITUATIONS), st.sampled_from(WORK))
def test_more_activity_never_makes_idle(situation: Situation, more: dict[str, Any]) -> None:
    if situation.name in BEGINNINGS or situation.wall != WALL or not situation.memory:
        # Stamps are compared with what was seen before; where there is nothing to compare, what works now still counts.
        more = WORK[0]
    watched = {**situation.seen, **{part: [*situation.seen[part], *entries] for part, entries in more.items()}}
    line, _ = decide(watched, situation.memory, situation.config, situation.now)
    assert line["verdict"] == "busy", line["reason"]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["busy", ago(3), "idle", "starting"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kernel", "id", "path", "name", "execution_state", "last_activity", "connections", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
garbage = st.fixed_dictionaries({part: st.lists(anything, max_size=4) for part in ("sessions", "kernels", "terminals")})


@given(garbage, st.sampled_from(SITUATIONS))
def test_garbage_never_raises(parts: dict[str, Any], situation: Situation) -> None:
    line, _ = decide({**situation.seen, **parts}, situation.memory, situation.config, situation.now)
    assert line["verdict"] in (*RUNS, "stopping")


@given(anything)
def test_any_memory_is_read_or_begins_a_new_grace_period(memory: Any) -> None:
    line, _ = decide(seen(), memory, CONFIG, {"wall": WALL, "mono": MONO, "boot": "boot-1", "factor": 1})
    assert line["verdict"] == "idle"


@given(garbage)
def test_constant_garbage_neither_stops_a_notebook_early_nor_keeps_it_for_ever(parts: dict[str, Any]) -> None:
    def says_busy(value: Any) -> bool:
        return isinstance(value, dict) and (
            value.get("execution_state") in ("busy", "restarting", "autorestarting") or says_busy(value.get("kernel"))
        )

    said = [entry for entries in parts.values() for entry in entries]
    if any(says_busy(entry) for entry in said):
        return
    verdicts = simulate(lambda minute: seen(**parts), 63)
    assert "stopping" not in verdicts[:60]
    assert verdicts[-1] == "stopping"
