"""A job's output in CloudWatch Logs, as far as its role may write there."""

import threading
import time
from collections import deque

from local_aws.ministack_bridge.identity import Caller, allowed, in_scope
from local_aws.ministack_bridge.observability import write_logs

FLUSH_SECONDS = 0.2
TAIL_LINES = 50


class JobLogs:
    """Collects lines and writes them in batches; keeps the last ones for failure reasons."""

    def __init__(self, caller: Caller, group: str, stream: str) -> None:
        self._caller, self._group, self._stream = caller, group, stream
        resource = f"arn:aws:logs:{caller.region}:{caller.account}:log-group:{group}:log-stream:{stream}"
        self._permitted = all(allowed(caller, f"logs:{action}", resource) for action in ("CreateLogStream", "PutLogEvents"))
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._thread = threading.Thread(target=self._flush_regularly, daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Add one line."""
        self.tail.append(line)
        with self._lock:
            self._waiting.append(line or " ")

    def close(self) -> None:
        """Write what is left."""
        time.sleep(FLUSH_SECONDS / 2)
        self._closed.set()
        self._thread.join()

    def _flush_regularly(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            lines, self._waiting = self._waiting, []
        if lines and self._permitted:
            in_scope(self._caller, lambda: write_logs(self._group, self._stream, lines))
