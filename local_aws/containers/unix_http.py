"""HTTP over a Unix socket, which reaches a container that has a network of its own."""

import os
import socket
from pathlib import Path
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError


class UnixConnections(HTTPConnectionPool):
    """Connections to the server that listens at a socket of the file system."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__("localhost", maxsize=most)
        self._path = path

    def _new_conn(self) -> Any:
        self.num_connections += 1
        return _UnixConnection(self._path, self.timeout)


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, timeout: Any) -> None:
        super().__init__("localhost", timeout=urllib3.Timeout.resolve_default_timeout(timeout))
        self._path = path

    def _new_conn(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        timeout = self.timeout
        connection.settimeout(timeout if isinstance(timeout, int | float) else None)
        try:
            # The path of a socket has at most 107 characters; that of its folder's descriptor is always short.
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                connection.connect(f"/proc/self/fd/{folder}/{self._path.name}")
            finally:
                os.close(folder)
        except OSError as error:
            connection.close()
            raise NewConnectionError(self, str(error)) from error
        return connection
