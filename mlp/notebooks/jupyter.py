"""Runs cells in the Jupyter of a notebook instance on the embedded AWS, as an open browser tab would."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any

from mlp.platform.errors import Failed

TIMEOUT_SECONDS = 20.0


@dataclass
class Cell:
    """A cell that was sent to a kernel."""

    channel: Any
    message_id: str

    def finish(self, seconds: float = 120) -> str:
        """Wait for its end and return what it printed; the text of an error counts.

        Raises
        ------
        Failed
            If it has not ended after `seconds`.
        """
        deadline, output = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            message = json.loads(self.channel.recv())
            if message["parent_header"].get("msg_id") != self.message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return output
            output += _text(kind, content)
        raise Failed(f"The cell did not end within {seconds:g} seconds; it printed {output!r}")

    def leave(self) -> None:
        """Close the tab; the kernel goes on."""
        self.channel.close()


def _text(kind: str, content: dict[str, Any]) -> str:
    if kind == "stream":
        return str(content["text"])
    if kind == "error":
        return "\n".join(content["traceback"])
    return str(content["data"].get("text/plain", "")) if kind in ("execute_result", "display_data") else ""


class Jupyter:
    """The Jupyter server behind a presigned URL, which opens it once; then cookies say who asks, as in a browser."""

    def __init__(self, authorized_url: str) -> None:
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        try:
            with self._opener.open(authorized_url, timeout=TIMEOUT_SECONDS) as page:
                self._place = urllib.parse.urlsplit(page.url).netloc
        except urllib.error.HTTPError as answer:
            raise Failed(f"{authorized_url} was answered with HTTP {answer.code}") from None

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """Call the REST API."""
        body = None if content is None else json.dumps(content).encode()
        headers = {"X-XSRFToken": self._cookie("_xsrf"), "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self._place}{path}", body, headers, method=method)
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def connect(self, path: str) -> Any:
        """Open a websocket."""
        import websocket  # noqa: PLC0415 - comes with Jupyter, which only the embedded AWS needs

        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)
        return websocket.create_connection(f"ws://{self._place}{path}", timeout=120, cookie=cookies)

    def _cookie(self, name: str) -> str:
        return next((str(cookie.value) for cookie in self._cookies if cookie.name == name), "")

    def open_notebook(self, name: str) -> str:
        """Open a notebook, which starts its kernel; return the kernel's id."""
        body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        return str(self.ask("POST", "/api/sessions", body)["kernel"]["id"])

    def run(self, kernel: str, code: str) -> Cell:
        """Send a cell to a kernel."""
        channel, message_id = self.connect(f"/api/kernels/{kernel}/channels"), uuid.uuid4().hex
        header = {
            "msg_id": message_id,
            "msg_type": "execute_request",
            "version": "5.3",
            "username": "",
            "session": uuid.uuid4().hex,
        }
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        channel.send(json.dumps(message))
        return Cell(channel, message_id)
