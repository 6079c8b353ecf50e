"""What is seen of the notebook instance. No part of it that fails hides another."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, Callable

from idle_agent.aws import within
from idle_agent.identity import ask

USUAL = ["https://127.0.0.1:8443/", "http://127.0.0.1:8888/"]
"""Where a notebook instance's Jupyter listens, and Jupyter's default: for when the file that it leaves is missing or wrong."""
SERVER = re.compile(r"jupyter[-_]?(lab|notebook|server)( |$)|jupyter.*-singleuser|notebook( |$)")
HELPER = re.compile(r"(\S+ )?\S*(lang(uage)?[-_]?server|lsp)\b")


def observe(config: dict[str, Any], mono: float, counters: Any) -> dict[str, Any]:
    """Return what is seen now; `counters` are the CPU's at the last check."""
    home, root = config["home"], Path(config["home"], "SageMaker")
    seen: dict[str, Any] = {"kernels": [], "sessions": [], "terminals": []}

    def look(what: str, otherwise: Any, observed: Callable[[], Any]) -> None:
        try:
            seen[what] = observed()
        except Exception:
            seen[what] = otherwise

    look("trouble", "Jupyter is too slow", lambda: within(8, lambda: jupyter(home, seen)))
    look("processes", [], lambda: processes(home, mono))
    look("typed", [], lambda: [os.stat(device).st_atime for device in terminals(seen)])
    look("files", [], lambda: files(root, seen["sessions"]))
    look("keep_alive", None, lambda: keep_alive(root / "keep-alive.txt"))
    look("gpu", None, gpu)
    look("cpu", (None, None), lambda: cpu(home, mono, counters))
    return seen


def jupyter(home: str, seen: dict[str, Any]) -> str:
    """Add what all servers that answer tell to `seen`; return what went wrong in words."""
    servers, troubles = [], []
    for path in Path(home, ".local/share/jupyter/runtime").glob("*server-*.json"):
        with suppress(OSError, ValueError, TypeError, KeyError):
            server = json.loads(path.read_text())
            os.stat(f"/proc/{int(server['pid'])}")
            servers.append(server)
    for server in servers or [{}]:
        headers, problems = {"Authorization": f"token {server.get('token')}"}, []
        for url in places(server):
            part = ""
            try:
                for part in ("kernels", "sessions", "terminals"):
                    # Its certificate is self-signed, and the way to it never leaves the machine.
                    answer = json.loads(ask(f"{url}api/{part}", headers, context=ssl._create_unverified_context()))
                    seen[part] += answer if isinstance(answer, list) else [answer]
                problems = [""]
            except Exception as problem:  # whatever it answers, the processes tell the rest; terminals may be switched off
                problems.append("" if part == "terminals" else f"Jupyter: {problem!r}"[:90])
            if not problems[-1]:
                break
        troubles.append(problems[-1] and problems[0])
    return max(troubles)


def places(server: dict[str, Any]) -> list[str]:
    """Return where a server may answer: its file's url names the instance, a name that a company's DNS need not know."""
    url = str(server.get("url", ""))
    here = [re.sub(r"//.*?(?=(:\d+)?/)", "//127.0.0.1", url, count=1), url] if url else []
    return list(dict.fromkeys(here + USUAL))


def processes(home: str, mono: float) -> list[dict[str, Any]]:
    """Return the processes that may be work: `shell` of a terminal, its `job`s, `kernel`, or any `other` of the user."""
    owner, every = os.stat(home).st_uid, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            every[folder.name] = process(folder, owner, home, mono)
    for found in every.values():
        found["role"] = role(found, every)
    return [found for found in every.values() if found["role"]]


def process(folder: Path, owner: int, home: str, mono: float) -> dict[str, Any]:
    """Return one process; its CPU seconds include those of its dead children."""

    def words(file: str, separator: str) -> list[str]:
        return (folder / file).read_text(errors="replace").split(separator)

    fields, line, second = words("stat", ") ")[-1].split(), words("cmdline", "\0"), os.sysconf("SC_CLK_TCK")
    mine = folder.stat().st_uid == owner
    if mine and owner == os.getuid():
        # Where the notebook has no user of its own, its processes are those that were given its home.
        mine = f"HOME={home}" in words("environ", "\0")
    text = " ".join(line)
    return {
        "id": f"{folder.name}:{fields[19]}",
        "state": fields[0],
        "parent": fields[1],
        "group": fields[2],
        "tty": int(fields[4]),
        "leads": fields[3] == folder.name and fields[4] != "0",
        "cpu": sum(map(int, fields[11:15])) / second,
        "age": mono - int(fields[19]) / second,
        "mine": mine,
        # Its loops, and what the lifecycle script left running beside them.
        "agent": int(fields[3]) == os.getsid(0),
        "command": command(text),
        "kernel": re.findall(r"kernel-([\w-]{36})\.json|$", text)[0],
    }


def command(text: str) -> str:
    """Return a command line without folders and the interpreter that runs it: `papermill a.ipynb b.ipynb`."""
    text = re.sub(r"^-|^\S*/", "", ascii(text)[1:-1].strip())
    text = re.sub(r"^(python|pypy|bash|sh)[\d.]* (-[^mc ]+ )*(-m )?(?=[^-])(\S*/)?", "", text)
    return re.sub("^jupyter ", "jupyter-", text)


def role(found: dict[str, Any], every: dict[str, dict[str, Any]]) -> str:
    """Return the part that a process plays; none for Jupyter, language servers, the agent and other users' processes."""
    own = ("kernel" if found["kernel"] else "other") if found["mine"] else ""
    above = found
    for _ in range(99):
        over = every.get(above["parent"])
        if above["agent"] or HELPER.match(above["command"]):
            return ""
        if above["mine"] and SERVER.match(above["command"]):
            return own if above is not found else ""
        if not over:
            break
        if above["leads"] and over["mine"] and SERVER.match(over["command"]):
            return "job" if above is not found else "shell"
        above = over
    return own


def terminals(seen: dict[str, Any]) -> list[str]:
    """Return the devices of the open terminals; the kernel stamps one when what was typed into it is read."""
    ttys = [process["tty"] for process in seen["processes"] if process["role"] == "shell"]
    return [f"/dev/pts/{os.minor(tty) + (os.major(tty) - 136) * 256}" for tty in ttys]


def files(root: Path, sessions: list[Any]) -> list[tuple[float, str]]:
    """Return time and name of what changed last on the upper levels and among the notebooks that are open."""
    paths, found = [root / str(entry.get("path")) for entry in sessions if isinstance(entry, dict)], []
    paths += islice(chain.from_iterable(root.glob("/".join("*" * depth)) for depth in (1, 2, 3)), 2000)
    for path in paths:
        with suppress(OSError, ValueError):
            if "/." not in f"/{path.relative_to(root)}" and path.name != "keep-alive.txt":
                found.append((path.lstat().st_mtime, path.name))
    return sorted(found)[-1:]


def keep_alive(path: Path) -> tuple[str, float]:
    """Return text and time of the keep-alive file; no link, for the agent may read more than the link's maker."""
    with open(os.open(path, os.O_NOFOLLOW | os.O_NONBLOCK), errors="replace") as file:
        return file.read(99), os.fstat(file.fileno()).st_mtime


def gpu() -> float | None:
    """Return the percentage at which the busiest GPU works."""
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    return max(map(float, subprocess.check_output(command, timeout=4).split())) if shutil.which(command[0]) else None


def cpu(home: str, mono: float, last: Any) -> tuple[float | None, list[float]]:
    """Return the percentage of all cores used since `last`, and the counters to remember."""
    fields = list(map(int, Path("/proc/stat").read_text().split()[1:9]))
    total: float = sum(fields)
    used: float = total - fields[3] - fields[4]
    if os.stat(home).st_uid == os.getuid():
        # Where the notebook has no user of its own, it does not have the machine for itself either.
        total, used = mono * (os.cpu_count() or 1), sum(one["cpu"] for one in processes(home, mono))
    percent = 100 * (used - last[1]) / (total - last[0]) if last and total > last[0] else None
    return percent and round(max(percent, 0), 1), [total, used]
