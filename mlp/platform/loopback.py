"""Keeps requests to this machine itself away from proxies."""

import os

HERE = ("127.0.0.1", "localhost", "::1")


def never_through_a_proxy() -> None:
    """Add this machine's own addresses to NO_PROXY, for this process and what it starts."""
    for name in ("NO_PROXY", "no_proxy"):
        known = [entry.strip() for entry in os.environ.get(name, "").split(",") if entry.strip()]
        os.environ[name] = ",".join([*known, *(address for address in HERE if address not in known)])
