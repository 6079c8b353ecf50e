"""Connections between networks: what arrives at a listening socket is led on."""

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Handler = Callable[[Reader, Writer], Awaitable[None]]
HEAD_BYTES = 1 << 16
"""Longest head of an HTTP request that is taken."""
DIAL_SECONDS = 60.0


class Traffic:
    """Serves listening sockets from a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def serve(self, listener: socket.socket, handler: Handler) -> None:
        """Let `handler` have every connection to `listener`; it is closed when that returns."""

        async def closing(reader: Reader, writer: Writer) -> None:
            with contextlib.suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
                await handler(reader, writer)
            writer.close()

        started = asyncio.start_server(closing, sock=listener, limit=HEAD_BYTES)
        self._servers.append(asyncio.run_coroutine_threadsafe(started, self._loop).result(10))

    def close(self) -> None:
        """Close every socket and connection; once is enough."""
        if self._loop.is_closed():
            return

        async def end() -> None:
            for server in self._servers:
                server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            # Connections are closed in the loop's next turns.
            await asyncio.sleep(0.01)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(10)
        self._loop.close()


def forward(host: str, port: int) -> Handler:
    """Return a handler that leads every connection to one place."""

    async def handle(reader: Reader, writer: Writer) -> None:
        await join(reader, writer, *await asyncio.open_connection(host, port))

    return handle


async def join(reader: Reader, writer: Writer, far_reader: Reader, far_writer: Writer) -> None:
    """Copy both ways, until both ends have ended, or one is gone."""
    ways = [asyncio.ensure_future(_copy(reader, far_writer)), asyncio.ensure_future(_copy(far_reader, writer))]
    try:
        await asyncio.gather(*ways)
    finally:
        for way in ways:
            way.cancel()
        far_writer.close()


async def _copy(source: Reader, target: Writer) -> None:
    while data := await source.read(1 << 16):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
    else:
        target.close()


async def read_head(reader: Reader) -> tuple[str, list[tuple[str, str]]]:
    """Return the first line of an HTTP request and its headers.

    Raises
    ------
    EOFError, ValueError
        If there is none, or it is too long.
    """
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        raise ValueError("the head of the request is too long") from None
    first, *lines = text[:-4].split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return first, [(name.strip(), value.strip()) for name, _, value in pairs]


def head(first: str, headers: list[tuple[str, str]]) -> bytes:
    """Return the head of a request or an answer."""
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("latin-1")


def answer(status: str, text: str, *headers: tuple[str, str]) -> bytes:
    """Return an HTTP answer in plain text, after which the connection ends."""
    body = f"{text}\n".encode()
    sent = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Connection", "close"), *headers]
    return head(f"HTTP/1.1 {status}", sent) + body


async def web_proxy(reader: Reader, writer: Writer) -> None:
    """Answer as an HTTP proxy to the internet, by the machine's own proxy where it has one; to no service of the machine."""
    first, headers = await read_head(reader)
    method, target, version = first.split(" ", 2)
    tunnel = method == "CONNECT"
    url = urlsplit(f"//{target}" if tunnel else target)
    port = url.port or (443 if tunnel else 80)
    if not url.hostname:
        writer.write(answer("400 Bad Request", "This is a proxy: it wants the whole URL"))
        return
    try:
        far_reader, far_writer = await asyncio.wait_for(_outward(url.hostname, port, "https" if tunnel else "http"), DIAL_SECONDS)
    except (OSError, EOFError, ValueError, TimeoutError) as error:
        writer.write(answer("502 Bad Gateway", f"{url.hostname}:{port} cannot be reached from this machine: {error}"))
        return
    if tunnel:
        writer.write(head("HTTP/1.1 200 Connection established", []))
    else:
        path = url._replace(scheme="", netloc="").geturl() or "/"
        kept = [(name, value) for name, value in headers if name.lower() not in ("connection", "proxy-connection")]
        far_writer.write(head(f"{method} {path} {version}", [*kept, ("Connection", "close")]))
    await join(reader, writer, far_reader, far_writer)


async def _outward(host: str, port: int, scheme: str) -> tuple[Reader, Writer]:
    proxy = getproxies().get(scheme)
    if not proxy or proxy_bypass(f"{host}:{port}"):
        return await asyncio.open_connection(await _address(host, port), port)
    place = urlsplit(proxy if "://" in proxy else f"//{proxy}")
    reader, writer = await asyncio.open_connection(place.hostname, place.port or 80)
    writer.write(head(f"CONNECT {host}:{port} HTTP/1.1", [("Host", f"{host}:{port}")]))
    first, _ = await read_head(reader)
    if first.split(" ")[1] != "200":
        writer.close()
        raise ValueError(f"the proxy {place.hostname}:{place.port} said {first}")
    return reader, writer


async def _address(host: str, port: int) -> str:
    """Return an address of a host that is not this machine itself."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    address = str(found[0][4][0])
    place = ipaddress.ip_address(address)
    place = getattr(place, "ipv4_mapped", None) or place
    if place.is_loopback or place.is_unspecified or place.is_link_local:
        raise ValueError(f"{address} is an address of the machine itself")
    return address
