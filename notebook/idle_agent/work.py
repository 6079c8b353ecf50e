"""What counts as work, or as a person's activity, in one observation: pure functions."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

CORE, KERNEL, GPU = 0.01, 0.05, 5
"""Shares of a core that a process, and a kernel that says it is idle, may use unnoticed; percent of a GPU."""
TICKS = 0.05
"""Seconds of CPU below which a share says nothing: /proc counts in hundredths."""
FUTURE = 300
"""Seconds that a stamp may lie ahead of the clock; one further ahead would hide all that follow it."""
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)[.,]?(\d*) ?Z?(?:([+-]\d\d):?(\d\d))?", re.I | re.A)
WORKING = ("busy", "restarting", "autorestarting")
STATES = (*WORKING, "idle", "starting", "dead", "terminating", "unknown")
PERSON = re.compile(
    r"(n?vim?|nano|emacs|less|more|man|\w{0,3}top|watch|tmux|screen|sudo|su|script|tail .*-.*[fF].*)( |$)"
    r"|\w{0,2}sh( -\w+)*$"
)
"""Editors, pagers, monitors, clients of multiplexers, shells, and what merely holds another program."""
REPL = re.compile(r"(i?python|pypy|R|julia|node)[\d.]*( -\S+)*$|(sqlite3|psql|mysql)( |$)")
BATCH = re.compile(r"papermill( |$)|jupyter-(execute|run) |(jupyter-)?nbconvert .*--execute")


def moment(text: Any) -> float:
    """Return the Unix time of an ISO stamp, with or without fraction, in any zone (none: UTC); 0 for anything else."""
    try:
        day, clock, fraction, hours, minutes = STAMP.fullmatch(text.strip()).groups()  # type: ignore[union-attr]
        whole = datetime.fromisoformat(f"{day} {clock}{hours or '+00'}:{minutes or '00'}").timestamp()
        return whole + float(f".{fraction or 0}")
    except Exception:
        return 0


def kernels(seen: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return every kernel that Jupyter tells of, with words for it; what is no kernel is left out."""
    sessions = [entry for entry in seen["sessions"] if isinstance(entry, dict) and isinstance(entry.get("kernel"), dict)]
    names = {str(entry["kernel"].get("id")): str(entry.get("path")).split("/")[-1] for entry in sessions}
    found = [entry["kernel"] for entry in sessions] + [entry for entry in seen["kernels"] if isinstance(entry, dict)]
    return [(kernel, f"kernel of {names.get(str(kernel.get('id')), 'no notebook')}") for kernel in found]


def stamps(seen: dict[str, Any], wall: float) -> dict[str, tuple[float, str]]:
    """Return the newest stamp of each kind that lies not too far in the future, with words for it.

    Jupyter's own stamp of a terminal also moves when a program prints into an open tab (`top` would keep the notebook for
    ever): where the terminals' devices are known, what was typed into them counts instead.
    """
    found = [("kernel", moment(kernel.get("last_activity")), f"new activity in the {title}") for kernel, title in kernels(seen)]
    found += [("file", stamp, f"{title} was changed") for stamp, title in seen["files"]]
    found += [("typed", stamp, "new input in a terminal") for stamp in seen["typed"]]
    for entry in seen["terminals"]:
        if isinstance(entry, dict) and not seen["typed"]:
            found.append(("terminal", moment(entry.get("last_activity")), "new activity in a terminal"))
    return {kind: (stamp, words) for kind, stamp, words in sorted(found) if stamp <= wall + FUTURE}


def find_work(seen: dict[str, Any], last: dict[str, Any], mono: float) -> list[str]:
    """Return words for all that works now, whether or not a person is there."""
    told = kernels(seen)
    names = {kernel.get("id"): title for kernel, title in told if isinstance(kernel.get("id"), str)}
    found = [f"{title} is {kernel['execution_state']}" for kernel, title in told if kernel.get("execution_state") in WORKING]
    # A stopped or dead process does nothing, whatever it is.
    alive = [process for process in seen["processes"] if process["state"] not in "TtZX"]
    # A job with an editor or pager in it (`git log`, `cat x | less`, `watch ls`) waits for a person as a whole.
    waiting = {process["group"] for process in alive if process["role"] == "job" and PERSON.match(process["command"])}
    total: float = 0
    for process in alive:
        command, role, share = process["command"], process["role"], _share(process, last, mono)
        words = f"`{command[:60]}`"
        total += share
        if role == "job" and not PERSON.match(command):
            if share > CORE or not (REPL.match(command) or process["group"] in waiting):
                found.append(f"a terminal runs {words}")
        elif BATCH.match(command):
            found.append(f"{words} is running")
        elif role == "kernel" and share > KERNEL:
            found.append(f"{names.get(process['kernel'], 'a kernel')} computes in the background")
        elif role == "other" and share > CORE:
            found.append(f"{words} uses {share:.0%} of a core")
    if (seen["gpu"] or 0) > GPU:
        found.append(f"the GPU is {seen['gpu']:.0f} % busy")
    if total > KERNEL and (seen["trouble"] or _garbage(seen)):
        found.append(f"processes use {total:.0%} of a core")
    return found


def _share(process: dict[str, Any], last: dict[str, Any], mono: float) -> float:
    """Return the share of a core that the process used since the last check; in its whole life at the first check."""
    used, elapsed = process["cpu"], process["age"]
    if last:
        used, elapsed = used - last["cpu"].get(process["id"], 0), mono - last["mono"]
    return used / max(elapsed, TICKS) * (used > TICKS)  # type: ignore[no-any-return]


def _garbage(seen: dict[str, Any]) -> bool:
    """Return whether Jupyter says something that is not understood; a session may have no kernel."""
    held = [entry.get("kernel", 0) if isinstance(entry, dict) else 0 for entry in seen["sessions"]]
    entries = seen["kernels"] + [entry for entry in held if entry is not None]
    return any(not isinstance(entry, dict) or entry.get("execution_state") not in STATES for entry in entries)
