"""The network of an isolated container, seen from outside: sockets that were made in it, handed out by its launcher.

A socket keeps the network that it was made in. So the embedded AWS can listen inside, where programs of the container find it at
the addresses that AWS has, and connect to what listens inside, which nothing else on the machine reaches.
"""

import socket
import threading


class InnerNetwork:
    """One container's network; `handle` is the file descriptor for its `View.broker`."""

    def __init__(self) -> None:
        self._control, self._far_end = socket.socketpair()
        self._lock = threading.Lock()
        self.init_pid = 0
        """The container's init process, which others join."""

    @property
    def handle(self) -> int:
        """What the launcher inherits."""
        return self._far_end.fileno()

    def wait(self, seconds: float) -> bool:
        """Wait until the container is there, and return whether it came to that."""
        self._far_end.close()
        self._control.settimeout(seconds)
        try:
            said = self._control.recv(32).decode()
        except OSError:
            return False
        self._control.settimeout(10)
        self.init_pid = int(said or 0)
        return self.init_pid > 0

    def listen(self, address: str, port: int) -> socket.socket:
        """Return a socket that listens inside.

        Raises
        ------
        OSError
            If it cannot, or the container is gone.
        """
        return self._ask("listen", address, port)

    def connect(self, address: str, port: int) -> socket.socket:
        """Return a socket that is connected to what listens inside.

        Raises
        ------
        OSError
            If nothing does, or the container is gone.
        """
        return self._ask("connect", address, port)

    def close(self) -> None:
        """Hand out no more sockets."""
        self._control.close()
        self._far_end.close()

    def _ask(self, word: str, address: str, port: int) -> socket.socket:
        with self._lock:
            self._control.sendall(f"{word} {address} {port}".encode())
            answer, handles, _, _ = socket.recv_fds(self._control, 256, 1)
        if not handles:
            raise OSError(answer.decode() or "the container is gone")
        return socket.socket(fileno=handles[0])
