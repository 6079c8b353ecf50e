"""The door to a notebook's Jupyter, which asks nobody who he is: what AWS's own proxy before an instance does.

Whoever comes with the secret of the presigned URL gets a cookie; every request must carry it.
"""

import asyncio
import secrets
import socket
import ssl
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from local_aws.containers.traffic import Reader, Traffic, Writer, answer, head, join, read_head

NOT_ALLOWED = "Open the notebook with a URL from CreatePresignedNotebookInstanceUrl (mlp notebook open)"


class Gateway:
    """A loopback port before one Jupyter.

    `connect` opens a connection to that; its certificate is for `hostname`, and signed by `authority` (PEM).
    """

    def __init__(self, traffic: Traffic, connect: Callable[[], socket.socket], authority: str, hostname: str) -> None:
        self._connect, self._hostname = connect, hostname
        self._tls = ssl.create_default_context(cadata=authority)
        self._secret = secrets.token_urlsafe(32)
        listener = socket.create_server(("127.0.0.1", 0))
        self._port = listener.getsockname()[1]
        traffic.serve(listener, self._handle)

    def url(self, path: str) -> str:
        """Address that opens a page, with the secret."""
        return f"http://127.0.0.1:{self._port}{path}?token={self._secret}"

    @property
    def _cookie(self) -> str:
        # Cookies know no ports, and each notebook has a secret of its own.
        return f"notebook-{self._port}"

    async def _handle(self, reader: Reader, writer: Writer) -> None:
        first, headers = await read_head(reader)
        method, target, version = first.split(" ", 2)
        place = urlsplit(target)
        if self._fits(parse_qs(place.query).get("token", [""])[0]):
            cookie = f"{self._cookie}={self._secret}; Path=/; HttpOnly; SameSite=Lax"
            writer.write(
                answer("302 Found", "", ("Location", place.path), ("Set-Cookie", cookie), ("Referrer-Policy", "no-referrer"))
            )
            return
        if not self._fits(_cookie(headers, self._cookie)):
            writer.write(answer("403 Forbidden", NOT_ALLOWED))
            return
        try:
            inside = await asyncio.to_thread(self._connect)
            far = await asyncio.open_connection(sock=inside, ssl=self._tls, server_hostname=self._hostname)
        except OSError:
            writer.write(answer("502 Bad Gateway", "JupyterLab does not answer; if it was ended, it is started again"))
            return
        headers = [(name, _without_secrets(value) if name.lower() == "cookie" else value) for name, value in headers]
        if not any(name.lower() == "upgrade" for name, _ in headers):
            # One request per connection, so that the cookie of each is seen.
            headers = [(name, value) for name, value in headers if name.lower() != "connection"] + [("Connection", "close")]
        far[1].write(head(f"{method} {target} {version}", headers))
        await join(reader, writer, *far)

    def _fits(self, secret: str) -> bool:
        return secrets.compare_digest(secret.encode(), self._secret.encode())


def _without_secrets(cookies: str) -> str:
    """Return cookies without those of gateways: a browser sends every one to each port, and each opens another notebook."""
    return "; ".join(part.strip() for part in cookies.split(";") if not part.strip().startswith("notebook-"))


def _cookie(headers: list[tuple[str, str]], name: str) -> str:
    for key, value in headers:
        if key.lower() == "cookie":
            for part in value.split(";"):
                cookie, _, text = part.strip().partition("=")
                if cookie == name:
                    return text
    return ""
