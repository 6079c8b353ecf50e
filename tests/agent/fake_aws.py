"""An endpoint that answers as AWS does, for the four services that the agent asks, and remembers what it was asked."""

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True)
class Call:
    """One call of an operation."""

    target: str
    operation: str
    parameters: dict[str, Any]
    headers: dict[str, str]


@dataclass
class FakeAws:
    """What happened, and what is to happen."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    streams: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Lead this process's calls here."""
        for name, value in self.variables().items():
            monkeypatch.setenv(name, value)

    def variables(self) -> dict[str, str]:
        """Environment that leads a process's calls here."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}

    def operations(self) -> list[str]:
        """The operations that were called."""
        return [call.operation for call in self.calls]

    def post(self, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Answer a call."""
        target, _, operation = headers["x-amz-target"].partition(".")
        call = Call(target, operation, json.loads(body), headers)
        self.calls.append(call)
        if operation in self.refused:
            return 400, {"__type": "AccessDeniedException", "Message": f"not authorized to perform {operation}"}
        stream = call.parameters.get("logStreamName", "")
        if operation == "PutLogEvents" and stream not in self.streams:
            return 400, {"__type": "ResourceNotFoundException", "message": "The specified log stream does not exist."}
        if operation == "CreateLogStream":
            self.streams.add(stream)
        return 200, {}

    def get(self, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        """Answer as S3, or as the metadata service."""
        if path.startswith("/latest/"):
            if headers.get("x-aws-ec2-metadata-token") != "session":
                return 401, ""
            found = {"AccessKeyId": "ASIAMETADATA", "SecretAccessKey": "secret", "Token": "metadata-token"}
            return 200, found if path.endswith("/Role") else "Role"
        content = self.objects.get(urllib.parse.unquote(path))
        return (200, content) if content is not None else (404, "<Code>NoSuchKey</Code>")


@contextmanager
def running() -> Iterator[FakeAws]:
    """Serve on a loopback port."""
    fake = FakeAws()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, answer: Any) -> None:
            content = (
                answer if isinstance(answer, bytes) else (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            )
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _headers(self) -> dict[str, str]:
            return {name.lower(): value for name, value in self.headers.items()}

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._answer(*fake.post(self._headers(), body))

        def do_PUT(self) -> None:
            self._answer(200 if self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") else 400, "session")

        def do_GET(self) -> None:
            self._answer(*fake.get(self.path, self._headers()))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
