"""JupyterLab of a notebook instance: one process, on a loopback port of its own, with a token of its own."""

import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from local_aws.containers import process
from local_aws.sagemaker.notebooks.disk import Disk


class Jupyter:
    """How JupyterLab of one instance is started and asked; it keeps its port and its token when it is started again."""

    def __init__(self, disk: Disk, environment: Mapping[str, str], sink: Callable[[str], None], opens_in: str | None) -> None:
        self._disk, self._sink = disk, sink
        self._opens = f"/lab/tree/{opens_in}" if opens_in else "/lab"
        self._port, self._token = _free_port(), secrets.token_urlsafe(32)
        self._environment = {**environment, **self._places(), "JUPYTER_TOKEN": self._token, "SHELL": "/bin/bash"}
        self._process: subprocess.Popen[str] | None = None
        self._configure(opens_in)

    @property
    def url(self) -> str:
        """Address that opens JupyterLab, with the token."""
        return f"http://127.0.0.1:{self._port}{self._opens}?token={self._token}"

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether it answers requests."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/status", headers={"Authorization": f"token {self._token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def start(self) -> None:
        """Start the process."""
        command = [str(self._disk.python), "-m", "jupyterlab", "--no-browser"]
        self._process = process.start(command, self._environment, self._disk.volume, self._sink)

    def _places(self) -> dict[str, str]:
        """Return where Jupyter finds JupyterLab and its extensions, which the embedded AWS's own environment holds."""
        prefix = Path(sys.prefix)
        return {
            "JUPYTERLAB_DIR": str(prefix / "share/jupyter/lab"),
            "JUPYTER_PATH": str(prefix / "share/jupyter"),
            "JUPYTER_CONFIG_PATH": os.pathsep.join([str(self._disk.root / "etc/jupyter"), str(prefix / "etc/jupyter")]),
        }

    def _configure(self, opens_in: str | None) -> None:
        """Write the configuration: loopback only, and nothing that asks the internet (announcements, updates, PyPI)."""
        server = {
            "ip": "127.0.0.1",
            "port": self._port,
            "port_retries": 0,
            "root_dir": str(self._disk.volume),
            "allow_root": True,
            "open_browser": False,
        }
        if opens_in:
            server["preferred_dir"] = str(self._disk.volume / opens_in)
        lab = {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "extension_manager": "readonly",
        }
        text = json.dumps({"ServerApp": server, "LabApp": lab})
        (self._disk.root / "etc/jupyter/jupyter_server_config.json").write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
