"""The network of an isolated container, seen from outside: sockets that were made in it, handed out by its launcher.

A socket keeps the network that it was made in. So the embedded AWS can listen inside, where programs of the container find it at
the addresses that AWS has, and connect to what listens inside, which nothing else on the machine reaches.
"""

import contextlib
import os
import socket
import threading

CONNECT_SECONDS = 10.0


class InnerNetwork:
    """One container's network; `handle` is the file descriptor for its `View.broker`."""

    def __init__(self) -> None:
        self._control, self._far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        self.init = -1
        """The container's init process, as pidfd_open gives it: it never means another one that got the same number."""

    @property
    def handle(self) -> int:
        """What the launcher inherits."""
        return self._far_end.fileno()

    def wait(self, seconds: float) -> bool:
        """Wait until the container is there, and return whether it came to that."""
        self._far_end.close()
        self._control.settimeout(seconds)
        try:
            self.init = self._received()
        except OSError:
            return False
        self._control.settimeout(CONNECT_SECONDS)
        return True

    def listen(self, address: str, port: int) -> socket.socket:
        """Return a socket that listens inside.

        Raises
        ------
        OSError
            If it cannot, or the container is gone.
        """
        made = self._socket()
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
            made.listen(128)
        except OSError:
            made.close()
            raise
        return made

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a socket that is connected to what listens inside.

        Raises
        ------
        OSError
            If nothing does, or the container is gone.
        """
        made = self._socket()
        try:
            made.settimeout(CONNECT_SECONDS)
            made.connect((address, port))
            made.settimeout(None)
        except OSError:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Hand out no more sockets."""
        self._control.close()
        self._far_end.close()
        init, self.init = self.init, -1
        if init >= 0:
            with contextlib.suppress(OSError):
                os.close(init)

    def _socket(self) -> socket.socket:
        """Return a socket of the container's network that is nothing yet."""
        with self._lock:
            self._control.send(b"?")
            return socket.socket(fileno=self._received())

    def _received(self) -> int:
        _, handles, _, _ = socket.recv_fds(self._control, 16, 1, socket.MSG_CMSG_CLOEXEC)
        if not handles:
            raise ConnectionResetError("the container is gone")
        return handles[0]
