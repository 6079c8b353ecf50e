"""Platform time: waits that a policy prescribes (baking, cooldowns, idle minutes) pass faster with LOCAL_AWS_CLOCK.

What really computes (training, a container's start, a model's answer) takes the time that it takes, and its limits are real.
"""

import os
import threading
import time

FACTOR = float(os.environ.get("LOCAL_AWS_CLOCK", "1"))
"""Seconds of platform time in one real second."""


def wait(platform_seconds: float, wakened: threading.Event | None = None) -> bool:
    """Wait for `platform_seconds`, or until `wakened` is set; return whether it was."""
    real = platform_seconds / FACTOR
    if wakened is not None:
        return wakened.wait(real)
    time.sleep(real)
    return False


def to_real(platform_seconds: float) -> float:
    """Return how many real seconds `platform_seconds` take."""
    return platform_seconds / FACTOR
