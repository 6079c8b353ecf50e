"""Work that outlives the lifecycle script."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import Any, Callable


def go_on(work: Callable[[], Any], log: str) -> None:
    """Do it in a process of its own: a session of its own, deaf to hang-ups, its output in `log`, and no hold on the caller's."""
    sys.stdout.flush()
    if os.fork():
        return
    try:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(output, 1)
        os.dup2(output, 2)
        work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(0)
