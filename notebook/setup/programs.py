"""The agent's two programs, kept running: by systemd's timers, or by a loop where there is no systemd."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from idle_agent.background import go_on

PROGRAMS = ("check", "vitals")
RUNS_ALREADY = 3
"""Exit code of a loop of which there is another."""
UNITS = {
    "service": "[Service]\nType=oneshot\nExecStart={command}\nTimeoutStartSec=60\nNice=10\nMemoryMax=256M\nCPUQuota=50%\n"
    "StandardOutput=append:{log}\n",
    "timer": "[Timer]\nOnBootSec=1min\nOnUnitActiveSec=1min\nAccuracySec=1s\n",
}
"""A timer whose OnBootSec has passed when it is started elapses at once. Source: systemd.timer(5)."""


class Programs:
    """Where they lie, and what starts them."""

    def __init__(self, base: str, logs: str, units: str, systemd: str) -> None:
        self._base, self._logs, self._units, self._systemd = base, logs, units, systemd

    def _unit_files(self) -> Iterator[tuple[str, str]]:
        for program in PROGRAMS:
            values = {"command": " ".join(self._command(program)), "log": self._log(program)}
            for kind, text in UNITS.items():
                yield f"{self._units}/ml-platform-{program}.{kind}", text.format(**values)

    def start(self) -> None:
        """Start what keeps them running; a start is the beginning of a grace period, whatever is left from before."""
        for program in PROGRAMS:
            Path(self._base, f"{program}.json").write_text("")
        if self._by_systemd():
            return
        for program in PROGRAMS:
            go_on(partial(self._keep_running, program), self._log(program))

    def _by_systemd(self) -> bool:
        if not os.path.isdir(self._systemd):
            return False
        timers = [f"ml-platform-{program}.timer" for program in PROGRAMS]
        try:
            os.makedirs(self._units, exist_ok=True)
            for path, text in self._unit_files():
                Path(path).write_text(text)
            return all(map(_succeeds, (["systemctl", "daemon-reload"], ["systemctl", "restart", *timers])))
        except OSError as problem:
            print(problem, flush=True)
            return False

    def _keep_running(self, program: str) -> None:
        while subprocess.run(self._command(program, "--loop"), check=False).returncode != RUNS_ALREADY:
            time.sleep(5)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-I", f"{self._base}/bundle.pyz", *words, "--config", f"{self._base}/idle.json"]

    def _log(self, program: str) -> str:
        return f"{self._logs}-{program}.log"


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False).returncode == 0
