"""A real Jupyter server, used as JupyterLab uses it."""

import json
import subprocess
import sys
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websocket

from tests.agent.machine import Machine, wait_for

TOKEN = "a-token"
BASE_URL = "/lab-of-demo/"


@dataclass
class Jupyter:
    """One server; it chooses its port, asks for a token and lives below a base URL."""

    machine: Machine
    process: "subprocess.Popen[bytes] | None" = None
    about: dict[str, Any] = field(default_factory=dict)

    def start(self) -> None:
        """Start the server and wait until it says where it is."""
        options = [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.base_url={BASE_URL}", "--ip=127.0.0.1", "--port=0"]
        environment = {**self.machine.environment, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "SHELL": "/bin/bash"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options],
            cwd=self.machine.home / "SageMaker",
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=(self.machine.root / "jupyter.log").open("wb"),
            start_new_session=True,
        )
        runtime = self.machine.home / ".local/share/jupyter/runtime"
        file = runtime / f"jpserver-{self.process.pid}.json"
        wait_for(file.exists, 60)
        self.about = wait_for(lambda: json.loads(file.read_text() or "{}"))
        wait_for(self.answers, 60)

    @property
    def url(self) -> str:
        return str(self.about["url"])

    def answers(self) -> bool:
        try:
            return isinstance(self.ask("GET", "api/kernels"), list)
        except OSError:
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call Jupyter's API."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}{path}", data, {"Authorization": f"token {TOKEN}"}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def connect(self, path: str) -> websocket.WebSocket:
        """Open a web socket, as a tab does."""
        return websocket.create_connection(f"{self.url.replace('http', 'ws', 1)}{path}?token={TOKEN}", timeout=20)

    def session(self, name: str) -> dict[str, Any]:
        """Open a notebook, which starts a kernel."""
        about = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        return dict(self.ask("POST", "api/sessions", about))

    def run(self, session: dict[str, Any], code: str, *, wait: bool = True) -> None:
        """Run a cell, and close the tab afterwards; without `wait`, as soon as it runs."""
        socket = self.connect(f"api/kernels/{session['kernel']['id']}/channels")
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        socket.send(json.dumps(message))
        last = "execute_reply" if wait else "execute_input"
        while True:
            answer = json.loads(socket.recv())
            if answer["parent_header"].get("msg_id") == header["msg_id"] and answer["msg_type"] == last:
                break
        socket.close()

    def terminal(self) -> tuple[str, websocket.WebSocket]:
        """Open a terminal; return its name and its tab."""
        name = self.ask("POST", "api/terminals")["name"]
        return name, self.connect(f"terminals/websocket/{name}")


def shown(tab: websocket.WebSocket, seconds: float = 2) -> str:
    """Return what a terminal's tab shows, until nothing more comes for a while."""
    tab.settimeout(seconds)
    text = ""
    try:
        while True:
            kind, content = json.loads(tab.recv())
            text += content if kind == "stdout" else ""
    except websocket.WebSocketTimeoutException:
        return text
