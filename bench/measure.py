"""What the benches share: alternating runs, medians."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternating(works: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Run every work once per round, so that a noisy machine is noisy for all alike; return medians."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return {name: statistics.median(values) for name, values in found.items()}


def python(code: str, *, path: Sequence[str | Path] = (), cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Run `code` in a Python of its own and return what it prints."""
    environment = {**os.environ, **(env or {}), "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
