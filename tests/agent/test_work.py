"""Which part a process plays, and what a command line is."""

from typing import Any

import pytest

from idle_agent.observe import HELPER, SERVER, command, role
from idle_agent.work import BATCH, PERSON, REPL

BIN = "/home/ec2-user/anaconda3/envs/JupyterSystemEnv/bin"


@pytest.mark.parametrize(
    ("line", "short"),
    [
        (f"{BIN}/python3.10 {BIN}/papermill a.ipynb b.ipynb", "papermill a.ipynb b.ipynb"),
        ("python -m papermill a b", "papermill a b"),
        ("python3 -u -m jupyter nbconvert --execute a.ipynb", "jupyter-nbconvert --execute a.ipynb"),
        ("/usr/bin/python3 train.py --epochs 3", "train.py --epochs 3"),
        ("python -c import time", "python -c import time"),
        ("python3 -i", "python3 -i"),
        ("-bash", "bash"),
        ("/bin/bash ./run.sh", "run.sh"),
        ("/usr/bin/sleep 600", "sleep 600"),
        (f"{BIN}/python {BIN}/jupyter lab --port 8443", "jupyter-lab --port 8443"),
        ("", ""),
    ],
)
def test_a_command_line_is_shown_without_its_interpreter(line: str, short: str) -> None:
    assert command(line) == short


@pytest.mark.parametrize(
    "line", ["vim a", "vi", "nvim x.py", "nano", "less +F x", "man ls", "top", "htop -d 5", "watch -n 1 nvidia-smi", "tmux attach", "bash",
             "sh -l", "zsh", "sudo make", "tail -f x", "tail -n 5 -F x", "tail --follow=name x", "nvtop", "emacs -nw"]
)  # fmt: skip
def test_it_waits_for_a_person(line: str) -> None:
    assert PERSON.match(command(line))


@pytest.mark.parametrize(
    "line", ["sleep 9", "make", "bash run.sh", "bash -c sleep 9", "vimdiff.py", "tail -n 5 x", "topology", "train.py"]
)
def test_it_waits_for_nobody(line: str) -> None:
    assert not PERSON.match(command(line))


@pytest.mark.parametrize(
    "line", ["python", "python3.11 -q", f"{BIN}/python {BIN}/ipython", "R --no-save", "julia", "psql -h x db", "node"]
)
def test_it_is_a_prompt(line: str) -> None:
    assert REPL.match(command(line))


@pytest.mark.parametrize(
    "line", ["python train.py", "python -c 1", "python -m http.server", "R -f x.R", "node server.js", "pythonic"]
)
def test_it_is_no_prompt(line: str) -> None:
    assert not REPL.match(command(line))


@pytest.mark.parametrize(
    "line", ["papermill a b", "python -m nbconvert --to notebook --execute a", "jupyter execute a.ipynb", "jupyter-run x.py"]
)
def test_it_executes_a_notebook(line: str) -> None:
    assert BATCH.match(command(line))


@pytest.mark.parametrize("line", ["jupyter nbconvert --to html a.ipynb", "papermills", "less papermill", "jupyter lab"])
def test_it_executes_no_notebook(line: str) -> None:
    assert not BATCH.match(command(line))


@pytest.mark.parametrize(
    "line",
    [
        f"{BIN}/python {BIN}/jupyter-lab --no-browser",
        "python -m jupyterlab",
        "jupyter notebook",
        "jupyter-server",
        "python -m notebook",
    ],
)
def test_it_is_a_jupyter_server(line: str) -> None:
    assert SERVER.match(command(line))


@pytest.mark.parametrize("line", ["python -m pylsp", "node /x/pyright-langserver --stdio", "/x/bash-language-server start"])
def test_it_is_a_language_server(line: str) -> None:
    assert HELPER.match(command(line))
    assert not HELPER.match(command("python language_server_eval.py"))


def tree(**changed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the processes of an instance, by name; the agent runs as root."""
    lines = {
        "init": ("", "systemd"),
        "agent": ("init", "bundle.pyz check"),
        "smi": ("agent", "nvidia-smi"),
        "server": ("init", "jupyter-lab"),
        "kernel": ("server", "ipykernel_launcher -f kernel-x.json"),
        "pool": ("kernel", "python -c spawn"),
        "lsp": ("server", "pylsp"),
        "jedi": ("lsp", "python -c jedi"),
        "git": ("server", "git status"),
        "shell": ("server", "bash"),
        "make": ("shell", "make"),
        "root": ("make", "sudo cc"),
        "milled": ("shell", "papermill a b"),
        "engine": ("milled", "ipykernel_launcher -f kernel-y.json"),
        "nohup": ("init", "train.py"),
        "tmux": ("init", "tmux"),
        "pane": ("tmux", "bash"),
        "sshd": ("init", "sshd"),
    }
    roots = ("init", "agent", "smi", "root", "sshd")
    found = {
        name: {
            **{"parent": parent, "command": line, "mine": name not in roots, "agent": name in ("agent", "smi")},
            **{"leads": name in ("shell", "pane"), "kernel": "id" if "kernel-" in line else ""},
        }
        for name, (parent, line) in lines.items()
    }
    return {name: {**about, **changed.get(name, {})} for name, about in found.items()}


def test_every_process_plays_its_part() -> None:
    every = tree()
    roles = {name: role(about, every) for name, about in every.items()}
    assert roles == {
        **dict.fromkeys(("init", "agent", "smi", "server", "lsp", "jedi", "sshd"), ""),
        **dict.fromkeys(("make", "root", "milled", "engine"), "job"),
        **dict.fromkeys(("pool", "git", "nohup", "tmux", "pane"), "other"),
        **{"shell": "shell", "kernel": "kernel"},
    }


def test_processes_that_are_each_others_parents_do_not_hang_it() -> None:
    every = tree(make={"parent": "root"})
    assert role(every["make"], every) == "other"
