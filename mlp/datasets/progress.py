"""What a long transfer says of itself."""

import threading
import time
from collections.abc import Callable

Tell = Callable[[str], None]
EVERY_SECONDS = 1.0


def quiet(_: str) -> None:
    """Say nothing."""


class Progress:
    """Adds up bytes, from any thread, and tells of them about once a second."""

    def __init__(self, what: str, total: int, tell: Tell) -> None:
        self._what, self._total, self._tell = what, total, tell
        self._done, self._said = 0, time.monotonic()
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Count `count` bytes more."""
        with self._lock:
            self._done += count
            if time.monotonic() - self._said < EVERY_SECONDS:
                return
            self._said = time.monotonic()
            text = f"{self._what} {size(self._done)} of {size(self._total)} ({100 * self._done / max(1, self._total):.0f}%)"
        self._tell(text)


def size(count: float) -> str:
    """Return a number of bytes with a decimal unit."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1000
        if count < 1000:
            return f"{count:.3g} {unit}"
    return f"{count / 1000:.3g} PB"
