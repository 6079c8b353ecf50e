"""Waiting for AWS: one way of asking again, and of saying what has changed."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


def polled(look: Callable[[], T], *, every: float, within: float | None = None) -> Iterator[T]:
    """Yield what `look` returns, at once and then every `every` seconds, until the caller has seen enough.

    With `within` it ends after so many seconds, the last look after the end of them: a loop's `else` is what came too late.
    """
    deadline = None if within is None else time.monotonic() + within
    while True:
        late = deadline is not None and time.monotonic() >= deadline
        yield look()
        if late:
            return
        time.sleep(every)


def on_change(report: Callable[[str], None]) -> Callable[[str], None]:
    """Return what passes a text on unless it is the one before."""
    before: str | None = None

    def changed(text: str) -> None:
        nonlocal before
        if text != before:
            before = text
            report(text)

    return changed
