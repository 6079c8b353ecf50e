"""Runs the embedded AWS: python -m local_aws --port 4566."""

import argparse
import asyncio
import logging
import os
import re
import signal
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="local_aws", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--account", default="000000000000")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--state", type=Path, help="folder that keeps the volumes of notebook instances; default: none is kept")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _set_environment(arguments.port, arguments.account, arguments.region)
    with tempfile.TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True) as scratch:
        state = _plain((arguments.state or Path(scratch)).resolve(), Path(scratch))
        asyncio.run(_serve(arguments.port, arguments.account, arguments.region, state))


def _plain(folder: Path, scratch: Path) -> Path:
    """Return a name of `folder` that can stand in a script as it is: lifecycle scripts name paths below it without quotes."""
    if re.fullmatch(r"[A-Za-z0-9_./-]+", str(folder)):
        return folder
    alias = scratch / "state"
    alias.symlink_to(folder)
    return alias


def _set_environment(port: int, account: str, region: str) -> None:
    # ministack reads these when it is imported, so they come before the import.
    from local_aws.environment import server_environment  # noqa: PLC0415

    os.environ.update(server_environment(port, account, region))


async def _serve(port: int, account: str, region: str, state: Path) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    from local_aws.embedded import EmbeddedAws  # noqa: PLC0415
    from local_aws.ministack_bridge.server import application  # noqa: PLC0415

    embedded = EmbeddedAws(f"http://127.0.0.1:{port}", account, region, state)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 1
    app: Any = application
    try:
        await serve(app, config, shutdown_trigger=stopped.wait)
    finally:
        await asyncio.to_thread(embedded.stop)


if __name__ == "__main__":
    main()
