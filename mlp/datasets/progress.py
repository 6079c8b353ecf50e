"""How far a transfer is: who moves bytes says so, who called decides whether anybody sees it."""

from collections.abc import Callable

Advance = Callable[[int], object]
"""Takes the bytes that have been moved since the last call; any thread may call it."""
Progress = Callable[[str, int], Advance]
"""Begins a part of the work: what is done, such as `sent`, and to how many bytes in all."""


def unseen(_what: str, _total: int) -> Advance:
    """Show nothing."""
    return lambda _: None
