"""Connections between networks: what arrives at a listening socket is led on."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Handler = Callable[[Reader, Writer], Awaitable[None]]
HEAD_BYTES = 1 << 16
"""Longest head of an HTTP request that is taken."""


class Traffic:
    """Serves listening sockets from a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None] | None] = set()
        """Known to the loop by weak references alone: one that waits for another's answer would be collected as garbage."""
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def serve(self, listener: socket.socket, handler: Handler) -> None:
        """Let `handler` have every connection to `listener`; it is closed when that returns."""

        async def closing(reader: Reader, writer: Writer) -> None:
            task = asyncio.current_task()
            self._connections.add(task)
            try:
                with contextlib.suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
                    await handler(reader, writer)
            finally:
                writer.close()
                self._connections.discard(task)

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
