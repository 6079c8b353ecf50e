"""Situations of a notebook instance, each with the verdict that is right and words that its reason must have.

Tests judge the agent by them, and the bench counts the wrong verdicts of the naive rule. Every situation is a Tuesday at noon,
ten hours after the start, one minute after the last check, with a limit of 60 minutes and a warning 10 minutes before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

WALL = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
MONO = 36_000.0
BOOT = "boot-1"
CONFIG: dict[str, Any] = {
    "idle_minutes": 60,
    "warn_minutes": 10,
    "max_keep_alive_hours": 24,
    "keep_hours": None,
}
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00", "timezone": "Europe/Berlin"}


@dataclass(frozen=True)
class Situation:
    """What is seen, what the last check remembered, and what is right."""

    name: str
    verdict: str
    reason: str
    """Words that the reason must contain."""
    seen: dict[str, Any]
    memory: Any
    config: dict[str, Any] = field(default_factory=lambda: CONFIG)
    uptime_minutes: float = 600
    wall: float = WALL
    mono: float = MONO
    boot: str = BOOT

    @property
    def now(self) -> dict[str, Any]:
        """The clocks."""
        return {"wall": self.wall, "mono": self.mono, "boot": self.boot, "factor": 1.0}

    @property
    def stops(self) -> bool:
        """Whether it is right to stop the instance now."""
        return self.verdict == "stopping"


def ago(minutes: float, form: str = "%Y-%m-%dT%H:%M:%S.%fZ", zone: timezone = UTC) -> str:
    """Return a stamp as Jupyter writes it."""
    return (datetime.fromtimestamp(WALL, zone) - timedelta(minutes=minutes)).strftime(form)


def kernel(state: Any = "idle", minutes: float = 300, stamp: Any = None, name: str = "work.ipynb", connections: int = 0) -> Any:
    """Return a session with its kernel."""
    about = {
        "id": f"{abs(hash(name)):032x}-abc"[:36],
        "name": "python3",
        "execution_state": state,
        "last_activity": ago(minutes) if stamp is None else stamp,
        "connections": connections,
    }
    return {"id": "s", "path": f"folder/{name}", "name": name, "type": "notebook", "kernel": about}


def process(command: str, role: str = "other", used: float = 0.0, group: str = "1", state: str = "S", number: int = 0) -> Any:
    """Return a process that used `used` seconds of CPU since the last check, a minute ago."""
    return {
        "id": f"{command}{number}:7",
        "command": command,
        "role": role,
        "cpu": 100.0 + used,
        "age": 20_000.0,
        "group": group,
        "state": state,
        "tty": 0,
        "kernel": "",
    }


def seen(*sessions: Any, **parts: Any) -> dict[str, Any]:
    """Return an observation; kernels are told of twice, as Jupyter does."""
    kernels = [entry["kernel"] for entry in sessions if isinstance(entry, dict) and isinstance(entry.get("kernel"), dict)]
    blank: dict[str, Any] = {
        "processes": [],
        "typed": [],
        "files": [],
        "keep_alive": None,
        "gpu": None,
        "trouble": "",
        "cpu": (1.0, [1, 1]),
    }
    return {"sessions": list(sessions), "kernels": kernels, "terminals": [], **blank, **parts}


def after(minutes: float, *, warned: bool = False, stamps: dict[str, float] | None = None, **other: Any) -> dict[str, Any]:
    """Return the memory of a check a minute ago, `minutes` after the last activity; it had seen all that is older than that."""
    newest = dict.fromkeys(("kernel", "file", "typed", "terminal"), WALL - minutes * 60)
    known = {"boot": BOOT, "mono": MONO - 60, "wall": WALL - 60, "active": MONO - minutes * 60, "warned": warned}
    return {**known, "stamps": {**newest, **(stamps or {})}, "cpu": CPU, **other}


class _Used(dict[str, float]):
    """CPU seconds at the last check, of any process."""

    def get(self, key: Any, default: Any = None) -> Any:
        return 100.0

    def __missing__(self, key: str) -> float:
        return 100.0


CPU = _Used()
DUE = after(61, warned=True)
QUIET = kernel()
EVENING = WALL + 7 * 3600
DAY = 86_400.0


def _job(command: str, used: float = 0.0, **other: Any) -> dict[str, Any]:
    return seen(processes=[process("bash", "shell"), process(command, "job", used, **other)], typed=[WALL - 5 * 3600])


def _keep_alive(text: str, hours_old: float = 1) -> tuple[str, float]:
    return text, WALL - hours_old * 3600


# What the API says of kernels and terminals, and what people do.
KERNELS = [
    Situation("a kernel is busy", "busy", "kernel of work.ipynb is busy", seen(kernel("busy", 1)), DUE),
    Situation("a silent cell runs for days, the tab closed", "busy", "work.ipynb is busy", seen(kernel("busy", 3000)), DUE),
    Situation("one of two kernels is busy", "busy", "b.ipynb is busy", seen(QUIET, kernel("busy", 300, name="b.ipynb")), DUE),
    Situation("a kernel without a session is busy", "busy", "no notebook is busy", seen(kernels=[kernel("busy")["kernel"]]), DUE),
    Situation("a kernel restarts", "busy", "is restarting", seen(kernel("restarting")), DUE),
    Situation("a kernel restarts by itself", "busy", "is autorestarting", seen(kernel("autorestarting")), DUE),
    Situation("all kernels are idle, and warned", "stopping", "idle for 61 of 60 minutes", seen(QUIET), DUE),
    Situation("an open tab that nobody touches", "stopping", "idle for 61", seen(kernel(connections=2)), DUE),
    Situation("a kernel was started but never used", "stopping", "idle for 61", seen(kernel("starting")), DUE),
    Situation("a kernel is dead", "stopping", "idle for 61", seen(kernel("dead")), DUE),
    Situation(
        "a kernel that was never used hides no busy one",
        "busy",
        "b.ipynb",
        seen(kernel("starting"), kernel("busy", name="b.ipynb")),
        DUE,
    ),
    Situation("a session has no kernel", "stopping", "idle for 61", seen({"id": "s", "path": "a.ipynb", "kernel": None}), DUE),
    Situation(
        "a session without a kernel hides no busy one",
        "busy",
        "is busy",
        seen({"path": "a", "kernel": None}, kernel("busy")),
        DUE,
    ),
    Situation(
        "a cell ran since the last check", "busy", "new activity in the kernel of work.ipynb", seen(kernel("idle", 0.5)), DUE
    ),
    Situation("a cell ran three quarters of an hour ago", "idle", "idle for 45 of 60", seen(kernel("idle", 45)), after(45)),
    Situation("the last notebook was closed ten minutes ago", "idle", "idle for 10 of 60", seen(), after(10)),
    Situation("no session since the start, ten minutes ago", "idle", "idle for 10", seen(), after(10), uptime_minutes=10),
    Situation("no session since the start, an hour ago", "stopping", "idle for 61", seen(), DUE, uptime_minutes=61),
    Situation(
        "a notebook is edited, not run", "busy", "work.ipynb was changed", seen(QUIET, files=[(WALL - 30, "work.ipynb")]), DUE
    ),
    Situation("a file was changed long ago", "stopping", "idle", seen(QUIET, files=[(WALL - 9000, "a.csv")]), DUE),
    Situation("somebody typed into a terminal", "busy", "new input in a terminal", seen(typed=[WALL - 20, WALL - 9000]), DUE),
    Situation(
        "a terminal was used, its device unknown",
        "busy",
        "activity in a terminal",
        seen(terminals=[{"last_activity": ago(0.5)}]),
        DUE,
    ),
    Situation(
        "a terminal is open and untouched", "stopping", "idle", seen(terminals=[{"name": "1", "last_activity": ago(70)}]), DUE
    ),
]

# What no API tells of: processes, GPU.
PROCESSES = [
    Situation("a terminal runs sleep", "busy", "a terminal runs `sleep 600`", _job("sleep 600"), DUE),
    Situation(
        "a terminal runs papermill", "busy", "a terminal runs `papermill a.ipynb b.ipynb`", _job("papermill a.ipynb b.ipynb"), DUE
    ),
    Situation("a terminal trains silently", "busy", "a terminal runs `train.py --epochs 9`", _job("train.py --epochs 9"), DUE),
    Situation("an idle kernel hides no terminal", "busy", "`make`", {**_job("make"), "sessions": [QUIET]}, DUE),
    Situation(
        "a shell and nothing else", "stopping", "idle", seen(processes=[process("bash", "shell")], typed=[WALL - 9000]), DUE
    ),
    Situation("an editor is open", "stopping", "idle", _job("vim notes.md"), DUE),
    Situation("a pager is open", "stopping", "idle", _job("less +F train.log"), DUE),
    Situation("a log is followed", "stopping", "idle", _job("tail -n 50 -f train.log"), DUE),
    Situation("top is open and draws", "stopping", "idle", _job("htop", 3.0), DUE),
    Situation("a shell in a shell", "stopping", "idle", _job("bash -l"), DUE),
    Situation("an idle Python prompt", "stopping", "idle", _job("python3"), DUE),
    Situation("a Python prompt computes", "busy", "a terminal runs `ipython`", _job("ipython", 30.0), DUE),
    Situation("a job was stopped with Ctrl-Z", "stopping", "idle", _job("sleep 600", state="T"), DUE),
    Situation(
        "a pager waits at the end of a pipe",
        "stopping",
        "idle",
        seen(processes=[process("cat big.csv", "job"), process("less", "job")], typed=[1.0]),
        DUE,
    ),
    Situation(
        "a job computes beside a pager of its own",
        "busy",
        "a terminal runs `grep x big.csv`",
        seen(processes=[process("grep x big.csv", "job", 20), process("less", "job")], typed=[1.0]),
        DUE,
    ),
    Situation(
        "one job waits, another works",
        "busy",
        "a terminal runs `make`",
        seen(processes=[process("vim a", "job", group="1"), process("make", "job", group="2")], typed=[1.0]),
        DUE,
    ),
    Situation(
        "nbconvert executes, from cron",
        "busy",
        "nbconvert",
        seen(processes=[process("jupyter-nbconvert --execute a.ipynb")]),
        DUE,
    ),
    Situation(
        "nbconvert only converts, and is done",
        "stopping",
        "idle",
        seen(processes=[process("jupyter-nbconvert --to html a")]),
        DUE,
    ),
    Situation(
        "papermill waits for a database, with nohup",
        "busy",
        "`papermill a b` is running",
        seen(processes=[process("papermill a b")]),
        DUE,
    ),
    Situation("jupyter execute", "busy", "jupyter-execute", seen(processes=[process("jupyter-execute a.ipynb")]), DUE),
    Situation(
        "a job computes with nohup",
        "busy",
        "`train.py` uses 50% of a core",
        seen(QUIET, processes=[process("train.py", used=30)]),
        DUE,
    ),
    Situation("a job sleeps with nohup", "stopping", "idle", seen(processes=[process("watcher.py", used=0.2)]), DUE),
    Situation(
        "an idle kernel keeps house",
        "stopping",
        "idle",
        seen(QUIET, processes=[process("ipykernel_launcher", "kernel", 1.2)]),
        DUE,
    ),
    Situation(
        "a kernel that says it is idle computes in a thread",
        "busy",
        "computes in the background",
        seen(QUIET, processes=[process("ipykernel_launcher", "kernel", 50)]),
        DUE,
    ),
    Situation("the GPU works", "busy", "the GPU is 87 % busy", seen(QUIET, gpu=87.0), DUE),
    Situation("the GPU is there", "stopping", "idle", seen(QUIET, gpu=0.0), DUE),
]

# What Jupyter says is late, wrong, or nothing at all.
TROUBLE = [
    Situation("a stamp has no microseconds", "busy", "new activity", seen(kernel(stamp=ago(0.5, "%Y-%m-%dT%H:%M:%SZ"))), DUE),
    Situation("an old stamp has no microseconds", "stopping", "idle", seen(kernel(stamp=ago(70, "%Y-%m-%dT%H:%M:%SZ"))), DUE),
    Situation(
        "a stamp in local time",
        "busy",
        "new activity",
        seen(kernel(stamp=ago(0.5, "%Y-%m-%dT%H:%M:%S.%f%z", timezone(timedelta(hours=-8))))),
        DUE,
    ),
    Situation(
        "an old stamp in local time",
        "stopping",
        "idle",
        seen(kernel(stamp=ago(70, "%Y-%m-%dT%H:%M:%S%z", timezone(timedelta(hours=5, minutes=30))))),
        DUE,
    ),
    Situation("a stamp is no stamp", "stopping", "idle", seen(kernel(stamp="yesterday")), DUE),
    Situation("a stamp is null", "stopping", "idle", seen(kernel(stamp={"a": 1})), DUE),
    Situation("a stamp lies a day ahead", "stopping", "idle", seen(kernel("idle", -1440)), DUE),
    Situation("Jupyter does not answer", "unknown", "by processes alone: Jupyter", seen(trouble="Jupyter: refused"), after(20)),
    Situation("Jupyter has not answered for an hour", "stopping", "by processes alone", seen(trouble="Jupyter: refused"), DUE),
    Situation(
        "Jupyter does not answer, and a silent kernel lives",
        "unknown",
        "not stopped, because kernels live",
        seen(trouble="Jupyter: refused", processes=[process("ipykernel_launcher", "kernel")]),
        DUE,
    ),
    Situation(
        "Jupyter does not answer, and a kernel computes",
        "busy",
        "processes use 8% of a core",
        seen(trouble="Jupyter: 500", processes=[process("k", "kernel", 2.5), process("l", "kernel", 2.5)]),
        DUE,
    ),
    Situation("an entry is garbage, another busy", "busy", "is busy", seen(7, None, {"kernel": []}, kernel("busy")), DUE),
    Situation("an entry is garbage, nothing else", "stopping", "idle", seen(7, None, {"kernel": []}, kernel({"a": 1})), DUE),
    Situation(
        "a state is not understood, and processes compute a little",
        "busy",
        "processes use",
        seen(kernel("meditating"), processes=[process("k", "kernel", 2.9), process("x", "other", 0.5)]),
        DUE,
    ),
]

# Clocks and memory.
CLOCKS = [
    Situation(
        "the clock jumped a day ahead, the stamps with it",
        "stopping",
        "idle for 61",
        seen(kernel(stamp=ago(-1440 + 30)), files=[(WALL + DAY - 60, "a")]),
        DUE,
        wall=WALL + DAY,
    ),
    Situation(
        "the clock jumped two hours ahead", "idle", "idle for 5 of 60", seen(kernel("idle", 5)), after(5), wall=WALL + 7200
    ),
    Situation("the clock jumped two hours back", "idle", "idle for 5 of 60", seen(kernel("idle", 5)), after(5), wall=WALL - 7200),
    Situation(
        "a cell runs after the clock jumped back",
        "busy",
        "new activity",
        seen(kernel(stamp=ago(120.5))),
        {**after(61, warned=True, stamps={"kernel": WALL - 7800}), "wall": WALL - 7260},
        wall=WALL - 7200,
    ),
    Situation("the machine was started again", "idle", "idle for 0 of 60", seen(QUIET), DUE, boot="boot-2", mono=60.0),
    Situation("nothing is remembered", "idle", "idle for 0 of 60", seen(QUIET), {}),
    Situation("what is remembered is garbage", "idle", "idle for 0", seen(QUIET), {**DUE, "active": "long ago"}),
    Situation("what is remembered is from the future", "idle", "idle for 0", seen(QUIET), {**DUE, "mono": MONO + 9}),
]

# Warning, keep-alive, keep-hours.
HOLDS = [
    Situation(
        "nearly an hour idle", "warned", "idle for 52 of 60 minutes; will be stopped in 9 min", seen(QUIET), after(51.5 + 0.5)
    ),
    Situation("an hour idle, but never warned", "warned", "will be stopped in 1 min", seen(QUIET), after(75)),
    Situation("no warning is wanted", "stopping", "idle for 61", seen(QUIET), after(61), config={**CONFIG, "warn_minutes": 0}),
    Situation("warned, then somebody comes", "busy", "new activity", seen(kernel("idle", 0.2)), after(55, warned=True)),
    Situation(
        "the keep-alive file holds",
        "kept",
        "keep-alive.txt keeps it until 2026-11-24T18:00:00Z",
        seen(QUIET, keep_alive=_keep_alive("2026-11-24T18:00:00Z\n")),
        DUE,
    ),
    Situation(
        "the keep-alive file is about to end",
        "warned",
        "will be stopped in 6 min",
        seen(QUIET, keep_alive=_keep_alive("2026-11-24T12:05:30Z")),
        after(200),
    ),
    Situation(
        "the keep-alive file is over, and nobody was warned",
        "warned",
        "keep-alive.txt kept it until 2026-11-24T11:00:00Z",
        seen(QUIET, keep_alive=_keep_alive("2026-11-24T11:00:00Z")),
        after(200),
    ),
    Situation(
        "the keep-alive file is over",
        "stopping",
        "keep-alive.txt kept it until",
        seen(QUIET, keep_alive=_keep_alive("2026-11-24T11:00:00Z")),
        after(200, warned=True),
    ),
    Situation(
        "the keep-alive file asks for a year",
        "kept",
        "no longer than 24 hours",
        seen(QUIET, keep_alive=_keep_alive("2027-11-24T18:00:00Z")),
        DUE,
    ),
    Situation(
        "the keep-alive file asked for a year, two days ago",
        "stopping",
        "no longer than 24 hours",
        seen(QUIET, keep_alive=_keep_alive("2027-11-24T18:00:00Z", 48)),
        DUE,
    ),
    Situation(
        "the keep-alive file holds no time", "stopping", "is not honoured", seen(QUIET, keep_alive=_keep_alive("please!")), DUE
    ),
    Situation(
        "a kernel is busy, the keep-alive file over", "busy", "busy", seen(kernel("busy"), keep_alive=_keep_alive("x")), DUE
    ),
    Situation(
        "an hour idle in the office hours",
        "warned",
        "only warned until 18:00 Europe/Berlin",
        seen(QUIET),
        DUE,
        config={**CONFIG, "keep_hours": OFFICE},
    ),
    Situation(
        "twenty minutes idle in the office hours",
        "idle",
        "idle for 20",
        seen(QUIET),
        after(20),
        config={**CONFIG, "keep_hours": OFFICE},
    ),
    Situation(
        "an hour idle after the office hours",
        "stopping",
        "idle for 61",
        seen(QUIET),
        {**DUE, "wall": EVENING - 60},
        config={**CONFIG, "keep_hours": OFFICE},
        wall=EVENING,
    ),
    Situation(
        "an hour idle on a Sunday",
        "stopping",
        "idle for 61",
        seen(QUIET),
        {**DUE, "wall": WALL + 5 * DAY - 60},
        config={**CONFIG, "keep_hours": OFFICE},
        wall=WALL + 5 * DAY,
    ),
    Situation(
        "office hours on the moon",
        "stopping",
        "keep-hours are not honoured",
        seen(QUIET),
        DUE,
        config={**CONFIG, "keep_hours": {**OFFICE, "timezone": "Moon/Tycho"}},
    ),
]

OBSERVED = [*KERNELS, *PROCESSES, *TROUBLE]
"""What any rule must judge; the others are about our own memory, warnings and holds."""
SITUATIONS = [*OBSERVED, *CLOCKS, *HOLDS]


def naive(situation: Situation) -> bool:
    """Return whether the naive rule stops the instance: all kernels idle for longer than the limit; without any, the uptime.

    It reads stamps in the one form that Jupyter usually writes, and a run that ends with an error stops nothing.
    """
    limit = situation.config["idle_minutes"]
    try:
        sessions = situation.seen["sessions"]
        if situation.seen["trouble"]:
            raise OSError(situation.seen["trouble"])
        if not sessions:
            return bool(situation.uptime_minutes > limit)
        for session in sessions:
            if session["kernel"]["execution_state"] != "idle":
                return False
            last = datetime.strptime(session["kernel"]["last_activity"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            if situation.wall - last.timestamp() <= limit * 60:
                return False
    except (OSError, TypeError, KeyError, ValueError):
        return False
    return True
