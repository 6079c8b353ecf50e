"""An HTTP proxy to the internet, by the machine's own proxy where it has one; to no service of the machine."""

import asyncio
import base64
import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import psutil

from local_aws.containers.traffic import Reader, Writer, answer, head, join, read_head

DIAL_SECONDS = 60.0
METADATA_SERVICES = ipaddress.ip_network("fd00:ec2::/32")
"""Where EC2 answers what is the machine's own, beside the link-local addresses."""
HOP_BY_HOP = ("connection", "proxy-connection", "proxy-authorization")


@dataclass(frozen=True)
class Way:
    """How a host is reached: by itself, or by a proxy that has answered nothing yet."""

    reader: Reader
    writer: Writer
    proxy: SplitResult | None


async def web_proxy(reader: Reader, writer: Writer) -> None:
    """Answer one request, or lead one tunnel."""
    first, headers = await read_head(reader)
    method, target, version = first.split(" ", 2)
    tunnel = method == "CONNECT"
    url = urlsplit(f"//{target}" if tunnel else target)
    if not url.hostname:
        writer.write(answer("400 Bad Request", "This is a proxy: it wants the whole URL"))
        return
    place = f"{url.hostname}:{url.port or (443 if tunnel else 80)}"
    try:
        way = await asyncio.wait_for(_way(url.hostname, url.port or (443 if tunnel else 80), tunnel=tunnel), DIAL_SECONDS)
    except (OSError, EOFError, ValueError, TimeoutError) as error:
        writer.write(answer("502 Bad Gateway", f"{place} cannot be reached from this machine: {error or type(error).__name__}"))
        return
    if tunnel:
        writer.write(head("HTTP/1.1 200 Connection established", []))
    else:
        asked = target if way.proxy else url._replace(scheme="", netloc="").geturl() or "/"
        kept = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
        way.writer.write(head(f"{method} {asked} {version}", [*kept, *_credentials(way.proxy), ("Connection", "close")]))
    await join(reader, writer, way.reader, way.writer)


async def _way(host: str, port: int, *, tunnel: bool) -> Way:
    configured = getproxies().get("https" if tunnel else "http")
    if not configured or proxy_bypass(f"{host}:{port}"):
        return Way(*await _connected(await _outside(host, port), port), proxy=None)
    # A name that only the proxy knows is none of this machine's; one that is known here must not be.
    with contextlib.suppress(socket.gaierror):
        await _outside(host, port)
    proxy = urlsplit(configured if "://" in configured else f"//{configured}")
    reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port or 80)
    if tunnel:
        try:
            await _ask_for_tunnel(reader, writer, f"{host}:{port}", proxy)
        except BaseException:
            writer.close()
            raise
    return Way(reader, writer, proxy)


async def _ask_for_tunnel(reader: Reader, writer: Writer, place: str, proxy: SplitResult) -> None:
    writer.write(head(f"CONNECT {place} HTTP/1.1", [("Host", place), *_credentials(proxy)]))
    first, _ = await read_head(reader)
    if first.split(" ")[1:2] != ["200"]:
        raise ValueError(f"the proxy {proxy.hostname}:{proxy.port or 80} said {first[:200]!r}")


def _credentials(proxy: SplitResult | None) -> list[tuple[str, str]]:
    if proxy is None or proxy.username is None:
        return []
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return [("Proxy-Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")]


async def _connected(addresses: list[str], port: int) -> tuple[Reader, Writer]:
    for address in addresses[:-1]:
        try:
            return await asyncio.open_connection(address, port)
        except OSError:
            continue
    return await asyncio.open_connection(addresses[-1], port)


async def _outside(host: str, port: int) -> list[str]:
    """Return the addresses of a host.

    Raises
    ------
    ValueError
        If one is this machine's own.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    own = {entry.address.partition("%")[0] for entries in psutil.net_if_addrs().values() for entry in entries}
    for address in addresses:
        place = ipaddress.ip_address(address.partition("%")[0])
        place = getattr(place, "ipv4_mapped", None) or place
        if (
            str(place) in own
            or place.is_loopback
            or place.is_unspecified
            or place.is_link_local
            or place.is_multicast
            or (place.version == METADATA_SERVICES.version and place in METADATA_SERVICES)
        ):
            raise ValueError(f"{address} is an address of the machine itself")
    return addresses
