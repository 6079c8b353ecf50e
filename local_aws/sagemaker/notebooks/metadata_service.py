"""Instance metadata: where an instance's programs learn who and where they are, and get the role's credentials.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Credentials

ROLE = "BaseNotebookInstanceEc2InstanceRole"
"""Name under which notebook instances list their credentials, which are those of the execution role."""
LONGEST_TOKEN_SECONDS = 21600
TOKEN, TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"
CREDENTIALS = "/latest/meta-data/iam/security-credentials"
Answer = tuple[int, str]


@dataclass
class Lease:
    """Credentials that are renewed before they end; `assume` returns new ones, good for `seconds`."""

    assume: Callable[[float], Credentials]
    seconds: float = 3600.0
    _current: Credentials | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def credentials(self) -> Credentials:
        """Return credentials that are good for half of `seconds` at least.

        Raises
        ------
        ServiceError
            If the role cannot be assumed any more.
        """
        with self._lock:
            if self._current is None or self._current.expires - time.time() < self.seconds / 2:
                self._current = self.assume(self.seconds)
            return self._current


class MetadataService:
    """Instance metadata service of one instance, at `listener` or on a loopback port of its own.

    Version 2 always; version 1, which asks for no token, only where `version_1` says so.
    """

    def __init__(self, lease: Lease, facts: dict[str, str], *, version_1: bool, listener: socket.socket | None = None) -> None:
        self._lease, self._facts, self._version_1 = lease, facts, version_1
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self), bind_and_activate=listener is None)
        if listener is not None:
            self._server.socket.close()
            self._server.socket, self._server.server_address = listener, listener.getsockname()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def url(self) -> str:
        """Value for AWS_EC2_METADATA_SERVICE_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    def new_token(self, seconds: str | None, forwarded: bool) -> Answer:
        """Answer a PUT of version 2; as on AWS none that came through a proxy."""
        if forwarded:
            return 403, "Forbidden"
        if seconds is None or not seconds.isdigit() or not 1 <= int(seconds) <= LONGEST_TOKEN_SECONDS:
            return 400, "Bad Request"
        token = secrets.token_urlsafe(40)
        with self._lock:
            self._tokens = {known: end for known, end in self._tokens.items() if end > time.monotonic()}
            self._tokens[token] = time.monotonic() + int(seconds)
        return 200, token

    def read(self, path: str, token: str | None) -> Answer:
        """Answer a GET."""
        if not self._may_read(token):
            return 401, "Unauthorized"
        path = path.partition("?")[0].rstrip("/")
        if path == CREDENTIALS:
            return 200, ROLE
        if path == f"{CREDENTIALS}/{ROLE}":
            return 200, json.dumps(self._document())
        return (200, self._facts[path]) if path in self._facts else (404, "Not Found")

    def _may_read(self, token: str | None) -> bool:
        if token is None:
            return self._version_1
        with self._lock:
            return self._tokens.get(token, 0) > time.monotonic()

    def _document(self) -> dict[str, str]:
        now = _iso(time.time())
        try:
            credentials = self._lease.credentials()
        except ServiceError as error:
            return {"Code": "AssumeRoleUnauthorizedAccess", "LastUpdated": now, "Message": error.message}
        return {
            "Code": "Success",
            "LastUpdated": now,
            "Type": "AWS-HMAC",
            "AccessKeyId": credentials.access_key,
            "SecretAccessKey": credentials.secret_key,
            "Token": credentials.token,
            "Expiration": _iso(credentials.expires),
        }


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _handler(service: MetadataService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(service.read(self.path, self.headers.get(TOKEN)))

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = self.path.rstrip("/") == "/latest/api/token"
            answer = service.new_token(self.headers.get(TTL), "X-Forwarded-For" in self.headers)
            self._send(answer if known else (404, "Not Found"))

        def _send(self, answer: Answer) -> None:
            status, text = answer
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text.encode())))
            if status == 200 and TTL in self.headers:
                self.send_header(TTL, self.headers[TTL])
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *_arguments: Any) -> None:
            """Say nothing."""

    return Handler
