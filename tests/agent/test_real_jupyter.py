"""The agent beside a real Jupyter server and real processes."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import websocket

from tests.agent.fake_aws import FakeAws
from tests.agent.jupyter import Jupyter, shown
from tests.agent.machine import Machine, wait_for

BIN = Path(sys.executable).parent
"""Terminals are login shells, which set a PATH of their own."""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    machine = Machine(tmp_path_factory.mktemp("jupyter") / "machine")
    machine.install()
    jupyter = Jupyter(machine)
    jupyter.start()
    yield jupyter
    machine.end()


@pytest.fixture(autouse=True)
def nothing_runs(jupyter: Jupyter) -> Iterator[None]:
    yield
    for session in jupyter.ask("GET", "api/sessions"):
        jupyter.ask("DELETE", f"api/sessions/{session['id']}")
    for terminal in jupyter.ask("GET", "api/terminals"):
        jupyter.ask("DELETE", f"api/terminals/{terminal['name']}")


def settled(jupyter: Jupyter, verdict: str, seconds: float = 30) -> dict[str, Any]:
    """Check until the verdict is `verdict`: what was done just now is activity at first."""

    def check() -> Any:
        line = jupyter.machine.check()
        return line if line["verdict"] == verdict else None

    return dict(wait_for(check, seconds, 1))


def stays(jupyter: Jupyter, verdict: str, checks: int = 3) -> dict[str, Any]:
    """Check a few times; the verdict must be the same each time."""
    for _ in range(checks):
        time.sleep(1)
        line = jupyter.machine.check()
        assert line["verdict"] == verdict, line
    return line


def typed(socket: websocket.WebSocket, text: str) -> None:
    """Type into a terminal."""
    time.sleep(1)
    socket.send(json.dumps(["stdin", text]))


def test_nothing_is_open(jupyter: Jupyter) -> None:
    line = settled(jupyter, "idle")
    assert line["reason"].startswith("idle for 0 of 60 minutes")
    assert "Connection refused" in str(line["problems"]), "there is no AWS, and that is all that is wrong"


def test_a_silent_cell_with_its_tab_closed_is_work_until_it_ends(jupyter: Jupyter) -> None:
    session = jupyter.session("work.ipynb")
    jupyter.run(session, "import time; time.sleep(300)", wait=False)
    assert stays(jupyter, "busy")["reason"] == "kernel of work.ipynb is busy"
    jupyter.ask("POST", f"api/kernels/{session['kernel']['id']}/interrupt")
    settled(jupyter, "idle")


def test_a_kernel_that_was_never_used_is_idle(jupyter: Jupyter) -> None:
    jupyter.session("new.ipynb")
    settled(jupyter, "idle")
    assert [kernel["execution_state"] for kernel in jupyter.ask("GET", "api/kernels")] == ["starting"]
    stays(jupyter, "idle")


def test_an_open_tab_that_nobody_touches_is_idle(jupyter: Jupyter) -> None:
    session = jupyter.session("open.ipynb")
    jupyter.run(session, "1 + 1")
    tab = jupyter.connect(f"api/kernels/{session['kernel']['id']}/channels")
    settled(jupyter, "idle")
    for _ in range(3):
        jupyter.ask("GET", "api/sessions?1")
        stays(jupyter, "idle", 1)
    assert jupyter.ask("GET", "api/kernels")[0]["connections"] == 1
    tab.close()


def test_a_cell_that_ran_between_two_checks_is_activity(jupyter: Jupyter) -> None:
    session = jupyter.session("short.ipynb")
    jupyter.run(session, "1 + 1")
    settled(jupyter, "idle")
    jupyter.run(session, "2 + 2")
    assert jupyter.machine.check()["reason"] == "new activity in the kernel of short.ipynb"
    stays(jupyter, "idle", 1)


def test_a_thread_that_a_cell_left_behind_is_work(jupyter: Jupyter) -> None:
    session = jupyter.session("thread.ipynb")
    code = "import threading, time\ndef spin():\n    while True: sum(range(9999))\nthreading.Thread(target=spin, daemon=True).start()"
    jupyter.run(session, code)
    jupyter.machine.check()
    wait_for(lambda: jupyter.machine.check()["reason"] == "kernel of thread.ipynb computes in the background", 20, 1)


def test_a_process_that_a_cell_left_behind_is_work_while_it_computes(jupyter: Jupyter) -> None:
    session = jupyter.session("child.ipynb")
    jupyter.run(session, "import subprocess; p = subprocess.Popen(['sh', '-c', 'while :; do :; done'])")
    jupyter.machine.check()
    wait_for(lambda: "of a core" in jupyter.machine.check()["reason"], 20, 1)
    jupyter.run(session, "p.kill()")
    settled(jupyter, "idle")


def test_a_terminal_that_runs_sleep_is_work(jupyter: Jupyter) -> None:
    _, tab = jupyter.terminal()
    settled(jupyter, "idle")
    typed(tab, "sleep 600\r")
    tab.close()
    wait_for(lambda: jupyter.machine.check()["reason"] == "a terminal runs `sleep 600`", 10)
    assert stays(jupyter, "busy")["reason"] == "a terminal runs `sleep 600`"


@pytest.mark.parametrize(
    "command", ["less /etc/services", "vim /etc/services", "top", "python3", "cat /etc/services | less", "bash"]
)
def test_a_terminal_that_waits_for_a_person_is_idle(jupyter: Jupyter, command: str) -> None:
    _, tab = jupyter.terminal()
    typed(tab, f"{command}\r")
    wait_for(lambda: jupyter.machine.processes(command.rsplit(maxsplit=1)[-1]))
    settled(jupyter, "idle")
    stays(jupyter, "idle", 4 if command == "top" else 2)
    tab.close()


def test_typing_is_activity_and_output_is_none(jupyter: Jupyter) -> None:
    name, tab = jupyter.terminal()
    typed(tab, "top -d 0.5\r")
    settled(jupyter, "idle")

    def stamp() -> str:
        return str(jupyter.ask("GET", f"api/terminals/{name}")["last_activity"])

    first = stamp()
    wait_for(lambda: stamp() != first, 20)  # Jupyter takes the output for activity
    stays(jupyter, "idle", 2)
    time.sleep(8)  # the kernel keeps a device's stamps to eight seconds
    typed(tab, " ")
    assert jupyter.machine.check()["reason"] == "new input in a terminal"
    tab.close()


def test_a_stopped_job_is_idle(jupyter: Jupyter) -> None:
    _, tab = jupyter.terminal()
    typed(tab, "sleep 600\r")
    wait_for(lambda: jupyter.machine.check()["reason"] == "a terminal runs `sleep 600`", 10)
    typed(tab, "\x1a")
    settled(jupyter, "idle")
    tab.close()


def test_papermill_in_a_terminal_is_work_until_it_ends(jupyter: Jupyter) -> None:
    cells = [nbformat.v4.new_code_cell("import time; time.sleep(6)")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, jupyter.machine.home / "SageMaker/a.ipynb")
    _, tab = jupyter.terminal()
    typed(tab, f"{BIN}/papermill --no-progress-bar a.ipynb b.ipynb\r")
    tab.close()
    reason = "a terminal runs `papermill --no-progress-bar a.ipynb b.ipynb`"
    wait_for(lambda: jupyter.machine.check()["reason"] == reason, 20)
    settled(jupyter, "idle", 60)
    assert (jupyter.machine.home / "SageMaker/b.ipynb").exists()


def test_nbconvert_with_nohup_is_work(jupyter: Jupyter) -> None:
    _, tab = jupyter.terminal()
    typed(tab, f"(setsid {BIN}/jupyter nbconvert --to notebook --execute --stdin </dev/zero >/dev/null 2>&1 &) ; exit\r")
    wait_for(lambda: "nbconvert" in jupyter.machine.check()["reason"], 20)
    for pid in jupyter.machine.processes("nbconvert"):
        os.kill(pid, 9)
    settled(jupyter, "idle")


def test_saving_a_file_is_activity(jupyter: Jupyter) -> None:
    settled(jupyter, "idle")
    (jupyter.machine.home / "SageMaker/notes.md").write_text("x")
    assert jupyter.machine.check()["reason"] == "notes.md was changed"
    (jupyter.machine.home / "SageMaker/keep-alive.txt").write_text("2020-01-01T00:00:00Z")
    line = jupyter.machine.check()
    assert (line["verdict"], "kept it until 2020" in line["reason"]) == ("idle", True)
    (jupyter.machine.home / "SageMaker/keep-alive.txt").unlink()


def test_a_keep_alive_file_that_is_a_link_is_not_read(jupyter: Jupyter) -> None:
    link = jupyter.machine.home / "SageMaker/keep-alive.txt"
    link.symlink_to("/etc/passwd")
    assert "keep-alive" not in settled(jupyter, "idle")["reason"]
    link.unlink()


def test_a_second_server_does_not_hide_the_first(jupyter: Jupyter) -> None:
    session = jupyter.session("first.ipynb")
    jupyter.run(session, "import time; time.sleep(300)", wait=False)
    runtime = jupyter.machine.home / ".local/share/jupyter/runtime"
    broken = {"pid": jupyter.about["pid"], "url": "http://127.0.0.1:9/", "token": ""}
    (runtime / "jpserver-999999.json").write_text(json.dumps(broken))
    (runtime / "jpserver-1000000.json").write_text("not json")
    try:
        assert stays(jupyter, "busy", 1)["reason"] == "kernel of first.ipynb is busy"
    finally:
        (runtime / "jpserver-999999.json").unlink()
        (runtime / "jpserver-1000000.json").unlink()


def test_an_idle_notebook_is_warned_and_then_stopped(jupyter: Jupyter, fake_aws: FakeAws) -> None:
    """An hour of platform time passes in ten seconds."""
    machine = jupyter.machine
    _, tab = jupyter.terminal()
    settled(jupyter, "idle")
    fake_aws.refused = {"StopNotebookInstance"}
    variables = {**fake_aws.variables(), "LOCAL_AWS_CLOCK": "360"}
    (machine.base / "check.json").unlink()
    lines: list[dict[str, Any]] = []

    def check() -> bool:
        lines.append(machine.check(**variables))
        return [line["verdict"] for line in lines].count("stopping") == 2

    wait_for(check, 60, 0.7)
    verdicts = [line["verdict"] for line in lines]
    assert list(dict.fromkeys(verdicts)) == ["idle", "warned", "stopping"], verdicts
    assert lines[0]["problems"] == [] and "AccessDenied" in str(lines[-1]["problems"])
    assert fake_aws.operations().count("StopNotebookInstance") == 2, "it is tried again at each check"
    first = next(line for line in lines if line["verdict"] == "stopping")
    assert 60 <= first["idle_minutes"] < 60 + 2 * 360 / 60
    warning = shown(tab)
    assert warning.count("This notebook is idle for") == 1, warning
    tab.close()


def test_without_jupyter_the_processes_decide(jupyter: Jupyter) -> None:
    assert jupyter.process
    machine = jupyter.machine
    jupyter.process.kill()
    jupyter.process.wait()
    line = wait_for(lambda: (line := machine.check())["verdict"] == "unknown" and line, 20, 1)
    assert "by processes alone: Jupyter: " in line["reason"]
    jupyter.start()
    settled(jupyter, "idle")
