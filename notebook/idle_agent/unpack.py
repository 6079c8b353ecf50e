"""Runs inside the lifecycle script, once per start: writes what that carries. It is no part of the agent."""

from __future__ import annotations

import json
import os
import re
import sys

UNITS = {
    "service": "[Service]\nType=oneshot\nExecStart={0} {1}/agent.pyz {2} --config {1}/idle.json\nTimeoutStartSec=60\nNice=10\n"
    "MemoryMax=256M\nCPUQuota=50%\nStandardOutput=append:{3}-{2}.log\n",
    "timer": "[Timer]\nOnBootSec=1min\nOnUnitActiveSec=1min\nAccuracySec=1s\n",
}
"""A timer whose OnBootSec has passed when it is started elapses at once. Source: systemd.timer(5)."""


def unpack(parts: list[str], base: str, logs: str, sdk_defaults: str, units: str, *values: str) -> None:
    """Print the rest of the script, then write agent, settings and units; `values` replace the numbers between \\x01."""
    rest, *texts = (re.sub("\x01(\\d+)\x01", lambda found: values[int(found[1])], part) for part in parts)
    sys.stdout.write(rest)
    for path, text in zip((f"{base}/agent.pyz", f"{base}/idle.json", f"{base}/platform.json", sdk_defaults), texts):
        write(path, text)
    write(f"{base}/client.uri", json.loads(texts[2])["client"])
    for what in ("check", "vitals"):
        # A start is the beginning of a grace period, whatever is left from before.
        write(f"{base}/{what}.json", "")
        for kind, text in UNITS.items():
            write(f"{units}/ml-platform-{what}.{kind}", text.format(sys.executable, base, what, logs))


def write(path: str, text: str) -> None:
    """Write a file and its folder; say what goes wrong."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    except OSError as problem:
        print(problem, file=sys.stderr)
