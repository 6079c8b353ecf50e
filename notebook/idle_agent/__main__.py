"""bundle.pyz check|vitals [--loop] --config /opt/ml-platform/idle.json."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from idle_agent.act import act, measure, write
from idle_agent.aws import Instance, within
from idle_agent.decide import decide
from idle_agent.observe import cpu, observe


def clocks() -> dict[str, Any]:
    """Return all clocks; `factor` is the only place that knows of an accelerated platform."""
    boot, factor = Path("/proc/sys/kernel/random/boot_id").read_text(), float(os.environ.get("LOCAL_AWS_CLOCK", "1"))
    return {"wall": time.time(), "mono": time.clock_gettime(time.CLOCK_BOOTTIME), "boot": boot, "factor": factor}


def check(config: dict[str, Any], memory: dict[str, Any], base: Path) -> None:
    """Observe, decide, remember, act."""
    now = clocks()
    seen = observe(config, now["mono"], memory.get("counters"))
    line, fresh = decide(seen, memory, config, now)
    percent, fresh["counters"] = seen["cpu"]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now["wall"]))
    line = {"time": stamp, **line, "lifecycle": config["lifecycle"], "cpu_percent": percent}
    # Where this fails, nobody may believe in a check: without heartbeats the watchdog takes over.
    write(base / "check.json", fresh)
    # JupyterLab has a hard link to this one.
    (base / "status.json").write_text(json.dumps(line))
    print(json.dumps({**line, "problems": act(line, seen, config, memory.get("warned", False))}), flush=True)


def vitals(config: dict[str, Any], memory: dict[str, Any], base: Path) -> None:
    """Publish the CPU's use since the last round; knows nothing of the check, so that it outlives it."""
    percent, counters = cpu(config["home"], clocks()["mono"], memory.get("counters"))
    if percent is not None:
        within(9, lambda: measure(Instance(config), config, {"CpuPercent": percent}))
    write(base / "vitals.json", {"counters": counters})


def main() -> int:
    """Run one round, or rounds until the agent's own file is replaced; two never overlap (exit code 3)."""
    what, *words = sys.argv[1:]
    file = Path(words[words.index("--config") + 1])
    config = json.loads(file.read_text())
    own, lock = os.stat(sys.argv[0]), open(file.with_name(f"{what}.lock"), "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 3
    while os.stat(sys.argv[0]) == own:
        try:
            memory = dict(json.loads(file.with_name(f"{what}.json").read_text()))
        except Exception:
            memory = {}
        try:
            {"check": check, "vitals": vitals}[what](config, memory, file.parent)
        except Exception as problem:  # the next round may work
            print(repr(problem), flush=True)
        if "--loop" not in words:
            break
        time.sleep(max(config["period_seconds"] / clocks()["factor"], 1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
