"""Functions as Lambda sees them: staged with their files, configured by environment."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

ANEW = ("shared", "input_errors", "input_sizes")


@pytest.fixture
def load_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Return a function that stages a package as the construct does and imports its handler afresh."""
    from ml_platform.common.function_code import staged

    loaded: list[str] = []

    def load(package: str, files: dict[str, str], environment: dict[str, str]) -> ModuleType:
        for key, value in environment.items():
            monkeypatch.setenv(key, value)
        for name in [name for name in sys.modules if name.split(".")[0] in (package, *ANEW)]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.syspath_prepend(str(staged(package, files)))
        loaded.append(package)
        return importlib.import_module(f"{package}.handler")

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] in (*loaded, *ANEW)]:
        del sys.modules[name]


class FakeEndpoint:
    """A sagemaker-runtime that answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.connections = 0
        self.hangs_up = False
        """Whether it closes the connection after an answer, without a word of it."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                outer.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                outer.before_answer()
                status, headers, answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)
                self.close_connection = outer.hangs_up

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, status: int, content: object, code: str = "") -> None:
        headers = {"Content-Type": "application/json"} | ({"x-amzn-ErrorType": code} if code else {})
        self.answers.append((status, headers, json.dumps(content).encode()))


@pytest.fixture
def fake_endpoint() -> Iterator[FakeEndpoint]:
    """A running fake of the model's endpoint."""
    fake = FakeEndpoint()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
