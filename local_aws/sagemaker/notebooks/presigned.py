"""Presigned URLs of notebook instances: a ticket that opens JupyterLab for five minutes."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from local_aws.ministack_bridge.server import Response

PREFIX = "/_aws/notebook/"
VALID_SECONDS = 300.0
"""Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html"""
REFUSED = b"The URL is not valid, or its 5 minutes are over. Ask for another: CreatePresignedNotebookInstanceUrl\n"


@dataclass
class Tickets:
    """Tickets by their secret; `address_of` returns where an instance's JupyterLab is, None where it does not run."""

    endpoint_url: str
    address_of: Callable[[str], str | None]
    valid_seconds: float = VALID_SECONDS
    _known: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, name: str, arn: str) -> str:
        """Return a URL that opens the instance `arn`."""
        ticket, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._known = {key: entry for key, entry in self._known.items() if entry[2] > now}
            self._known[ticket] = (name.lower(), arn, now + self.valid_seconds)
        return f"{self.endpoint_url}{PREFIX}{name}?authToken={ticket}"

    def answer(self, path: str, query: str) -> Response:
        """Answer the browser that opens such a URL: lead it to JupyterLab itself."""
        ticket = parse_qs(query).get("authToken", [""])[0]
        with self._lock:
            name, arn, end = self._known.get(ticket, ("", "", 0.0))
        known = name and path.removeprefix(PREFIX).strip("/").lower() == name and time.monotonic() < end
        address = self.address_of(arn) if known else None
        if address is None:
            return 403, {"Content-Type": "text/plain"}, REFUSED
        return 302, {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}, b""
