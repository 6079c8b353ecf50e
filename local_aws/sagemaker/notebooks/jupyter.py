"""JupyterLab of a notebook instance."""

import http.client
import json
import os
import secrets
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import trustme

from local_aws.sagemaker.notebooks.disk import ANACONDA, VOLUME, Disk
from local_aws.sagemaker.notebooks.gateway import Gateway
from local_aws.sagemaker.notebooks.room import Room

Start = Callable[[list[str], Mapping[str, str]], "subprocess.Popen[str]"]
PORT = 8443
"""Where Jupyter listens on an instance."""


class Jupyter(ABC):
    """One Jupyter; it keeps its address when it is started again. `start` starts a command of the instance."""

    def __init__(self, disk: Disk, start: Start, opens_in: str | None) -> None:
        self._disk, self._start = disk, start
        self._page = f"/lab/tree/{opens_in}" if opens_in else "/lab"
        self._process: subprocess.Popen[str] | None = None
        self._configure(opens_in)

    @property
    @abstractmethod
    def url(self) -> str:
        """Address that opens JupyterLab, for whoever has it."""

    @property
    @abstractmethod
    def answers(self) -> bool:
        """Whether it answers requests."""

    @abstractmethod
    def settings(self) -> dict[str, dict[str, Any]]:
        """Return its settings by the class that has them."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """Return what else its environment has."""

    @property
    @abstractmethod
    def options(self) -> tuple[str, ...]:
        """More words of its command line."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process."""
        python = self._disk.seen(f"{ANACONDA}/bin/python")
        self._process = self._start(
            [python, "-m", "jupyterlab", "--no-browser", *self.options],
            {"SHELL": "/bin/bash", **self._places(), **self.variables()},
        )

    def _places(self) -> dict[str, str]:
        """Return where Jupyter finds JupyterLab and its extensions, which the embedded AWS's own environment holds."""
        packages = self._disk.packages
        return {
            "JUPYTERLAB_DIR": f"{packages}/share/jupyter/lab",
            "JUPYTER_PATH": f"{packages}/share/jupyter",
            "JUPYTER_CONFIG_PATH": os.pathsep.join([self._disk.seen("etc/jupyter"), f"{packages}/etc/jupyter"]),
        }

    def _configure(self, opens_in: str | None) -> None:
        """Write the configuration: nothing that asks the internet (announcements, updates, PyPI)."""
        folder = self._disk.seen(VOLUME)
        server = {"port_retries": 0, "root_dir": folder, "allow_root": True, "open_browser": False}
        if opens_in:
            server["preferred_dir"] = f"{folder}/{opens_in}"
        lab = {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "extension_manager": "readonly",
        }
        own = self.settings()
        text = json.dumps({**own, "ServerApp": server | own["ServerApp"], "LabApp": lab})
        (self._disk.root / "etc/jupyter/jupyter_server_config.json").write_text(text)


class JupyterInRoom(Jupyter):
    """As SageMaker starts it: on every address of the instance, self-signed, without a token, behind a gateway.

    Source: the log that an instance keeps in CloudWatch, jupyter.log.
    """

    def __init__(self, disk: Disk, start: Start, opens_in: str | None, room: Room) -> None:
        self._room = room
        authority = trustme.CA()
        certificate = authority.issue_cert(room.hostname)
        certificate.private_key_and_cert_chain_pem.write_to_path(disk.root / "etc/jupyter/certificate.pem")
        self._authority = authority.cert_pem.bytes().decode()
        super().__init__(disk, start, opens_in)
        self._gateway = Gateway(room.traffic, self._connect, self._authority, room.hostname)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return its settings by the class that has them."""
        return {
            "ServerApp": {"certfile": self._disk.seen("etc/jupyter/certificate.pem"), "allow_remote_access": True},
            "IdentityProvider": {"token": ""},
        }

    def variables(self) -> dict[str, str]:
        """Return what else its environment has."""
        return {"USER": "ec2-user", "LOGNAME": "ec2-user"}

    @property
    def url(self) -> str:
        """Address that opens JupyterLab, for whoever has it."""
        return self._gateway.url(self._page)

    @property
    def answers(self) -> bool:
        """Whether it answers requests."""
        try:
            with self._connect() as plain:
                plain.settimeout(2)
                tls = ssl.create_default_context(cadata=self._authority).wrap_socket(plain, server_hostname=self._room.hostname)
                connection = http.client.HTTPConnection(self._room.hostname)
                connection.sock = tls
                connection.request("GET", "/api/status")
                return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    @property
    def options(self) -> tuple[str, ...]:
        """More words of its command line."""
        return ("--ip=0.0.0.0", f"--port={PORT}")

    def _connect(self) -> socket.socket:
        return self._room.network.connect("127.0.0.1", PORT)


class JupyterWithToken(Jupyter):
    """Without namespaces: on a loopback port of its own, with a token of its own."""

    def __init__(self, disk: Disk, start: Start, opens_in: str | None) -> None:
        self._token = secrets.token_urlsafe(32)
        super().__init__(disk, start, opens_in)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return its settings by the class that has them."""
        return {"ServerApp": {"ip": "127.0.0.1"}}

    def variables(self) -> dict[str, str]:
        """Return what else its environment has."""
        return {"JUPYTER_TOKEN": self._token}

    @property
    def options(self) -> tuple[str, ...]:
        """More words of its command line."""
        return (f"--port={self._port}",)

    @cached_property
    def _port(self) -> int:
        """Chosen at the first start, not while lifecycle scripts run, in whose minutes another program could take it."""
        return _free_port()

    @property
    def url(self) -> str:
        """Address that opens JupyterLab, for whoever has it."""
        return f"http://127.0.0.1:{self._port}{self._page}?token={self._token}"

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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
