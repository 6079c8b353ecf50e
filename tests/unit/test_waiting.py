"""Asking again and again: when it looks, when it ends, what it passes on."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlp.platform.waiting import on_change, polled


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves; holds the pauses."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def test_it_looks_at_once_and_sleeps_only_between_looks(clock: list[float]) -> None:
    looks = iter(["Creating", "Creating", "InService", "Failed"])
    seen = []
    for status in polled(lambda: next(looks), every=5):
        seen.append(status)
        if status == "InService":
            break
    assert (seen, clock) == (["Creating", "Creating", "InService"], [5, 5])


@pytest.mark.parametrize(("within", "looks"), [(0, 1), (1, 2), (10, 3), (11, 4)])
def test_it_looks_once_more_when_the_time_is_over_and_then_ends(clock: list[float], within: float, looks: int) -> None:
    assert len(list(polled(lambda: "Creating", every=5, within=within))) == looks


def test_what_fails_while_looking_is_not_hidden(clock: list[float]) -> None:
    with pytest.raises(ZeroDivisionError):
        next(polled(lambda: 1 // 0, every=5))


@given(st.lists(st.sampled_from("ab")))
def test_only_changes_are_passed_on(texts: list[str]) -> None:
    heard: list[str] = []
    changed = on_change(heard.append)
    for text in texts:
        changed(text)
    assert heard == [text for before, text in zip([None, *texts], texts, strict=False) if text != before]
