"""The verdict: a pure function of what is seen, what the last check remembered, the configuration and the clocks.

Time without use is counted on the monotonic clock alone. Stamps of the wall clock are only tokens: one that is newer than
the newest seen before says that somebody was there since.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from idle_agent.work import find_work, moment, stamps

JUMP = 120
"""Seconds by which the wall clock may drift from the monotonic clock between two checks; beyond, stamps are not compared."""


def decide(
    seen: dict[str, Any], memory: Any, config: dict[str, Any], now: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return verdict, reason in words and minutes, and the memory for the next check.

    `now` has `wall` (Unix time), `mono` (seconds since boot), `boot` (its id) and `factor` (platform seconds in a real one).
    """
    last: dict[str, Any] = memory if _usable(memory, now) else {"stamps": {}, "warned": False}
    known = "mono" in last
    newest, before = stamps(seen, now["wall"]), last["stamps"]
    busy = find_work(seen, last if known else {}, now["mono"])
    if known and abs(now["wall"] - last["wall"] - now["mono"] + last["mono"]) < JUMP:
        newest = {kind: entry for kind, entry in newest.items() if entry[0] > before.get(kind, 0)}
        busy += [words for _, words in newest.values()]
    active = last["active"] if known and not busy else now["mono"]
    idle = (now["mono"] - active) * now["factor"] / 60
    verdict, reason, left = ("busy", busy[0], None) if busy else _idle(seen, last["warned"], config, now, idle)
    memory = {
        **now,
        "active": active,
        "stamps": {**before, **{kind: stamp for kind, (stamp, _) in newest.items()}},
        "warned": verdict == "warned" or (verdict == "stopping" and last["warned"]),
        "cpu": {process["id"]: process["cpu"] for process in seen["processes"]},
    }
    return {"verdict": verdict, "reason": reason, "idle_minutes": round(idle, 1), "stops_in_minutes": left}, memory


def _usable(memory: Any, now: dict[str, Any]) -> bool:
    """Return whether the memory is one of this boot; another, or an unreadable one, begins a new grace period."""
    try:
        numbers = [memory["wall"], *memory["stamps"].values(), *memory["cpu"].values(), memory["warned"]]
        ordered = memory["active"] <= memory["mono"] <= now["mono"]
        return memory["boot"] == now["boot"] and ordered and 0 < sum(numbers) < 1e12  # type: ignore[no-any-return]
    except Exception:
        return False


def _idle(seen: dict[str, Any], warned: bool, config: dict[str, Any], now: dict[str, Any], idle: float) -> tuple[str, str, float]:
    limit, warning, trouble = config["idle_minutes"], config["warn_minutes"], seen["trouble"]
    kept, kept_words = _keep_alive(seen["keep_alive"], config["max_keep_alive_hours"], now["wall"])
    office, office_words = _keep_hours(config["keep_hours"], now["wall"])
    left = max(limit - idle, max(kept, office) * now["factor"] / 60, 0)
    words = [f"idle for {int(idle)} of {limit} minutes", kept_words, office_words, trouble and f"by processes alone: {trouble}"]
    verdict = "kept" if kept else "unknown" if trouble else "idle"
    if blind(seen):
        # What the kernels do is not known: a cell that waits for something else uses no CPU either.
        words.append("not stopped, because kernels live")
    elif not left and (warned or not warning):
        verdict = "stopping"
    elif left <= warning or (limit - idle <= warning and not kept):
        verdict = "warned"
        words.insert(1, f"will be stopped in {int(left) + 1} min")
    return verdict, "; ".join(filter(None, words)), round(left, 1)


def blind(seen: dict[str, Any]) -> bool:
    """Return whether kernels live of which Jupyter does not tell: then nothing but the longest uptime ends the instance."""
    return bool(seen["trouble"]) and any(process["role"] == "kernel" for process in seen["processes"])


def _keep_alive(file: Any, hours: float, wall: float) -> tuple[float, str]:
    """Return for how many seconds keep-alive.txt holds: until the time in it, at most `hours` after it was written."""
    if not file:
        return 0, ""
    text, mtime = file[0].strip(), file[1]
    until, cap = moment(text), min(mtime, wall) + hours * 3600
    if not until:
        return 0, "keep-alive.txt is not honoured: it needs a UTC time like 2026-11-24T18:00:00Z"
    left = max(min(until, cap) - wall, 0)
    words = f"{text}, but no longer than {hours} hours" if until > cap else text
    return left, f"keep-alive.txt {'keeps' if left else 'kept'} it until {words}"


def _keep_hours(hours: Any, wall: float) -> tuple[float, str]:
    """Return for how many seconds the keep-hours last."""
    try:
        if hours:
            from zoneinfo import ZoneInfo  # noqa: PLC0415 - a check without keep-hours saves the import

            here = datetime.fromtimestamp(wall, ZoneInfo(hours["timezone"]))
            if hours["from"] <= f"{here:%H:%M}" < hours["to"] and f"{here:%a}".lower() in hours["days"]:
                end = int(hours["to"][:2]) * 60 + int(hours["to"][3:])
                return (end - here.hour * 60 - here.minute) * 60, f"only warned until {hours['to']} {hours['timezone']}"
    except Exception as problem:  # an unknown zone, no zone data, a wrong value: no keep-hours
        return 0, f"keep-hours are not honoured: {problem!r}"
    return 0, ""
