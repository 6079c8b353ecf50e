"""The first process of a container, and the commands in it."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Any, NoReturn

from local_aws.containers.launcher import kernel

AWAITED = {signal.SIGTERM, signal.SIGCHLD}


def init(view: dict[str, Any]) -> int:
    """Run the view's command as a child; end when it has, or, told to stop, when the last process has.

    Only who is outside can tell it to stop, as with an init of a machine: `pkill python` inside means others.
    """
    os.setsid()  # signals to the launcher's group come once, through the launcher
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
    # What init does not handle, the kernel keeps from it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = view["command"]
    child = os.fork() if command else 0
    if command and not child:
        execute(view)
    code, stopping = 0, False
    while True:
        for pid, status in _ended():
            if pid == child:
                code = exit_code(status)
                if not stopping:
                    return code
        if stopping and _alone():
            return code
        # Processes that others have joined with end without a word to this one.
        said = signal.sigtimedwait(AWAITED, 0.05) if stopping else signal.sigwaitinfo(AWAITED)
        # The kernel has no number in here for who is outside.
        if said and said.si_signo == signal.SIGTERM and said.si_pid == 0:
            stopping = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGTERM)


def execute(view: dict[str, Any]) -> NoReturn:
    """Become the view's command."""
    kernel.leave_signals_as_usual()
    os.setsid()
    environment, folder = view["environment"], view["folder"]
    try:
        os.chdir(folder)
        # Found by the container's own PATH.
        os.execvpe(view["command"][0], view["command"], environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"{view['command'][0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def exit_code(status: int) -> int:
    """Return a shell's number for what waitpid tells."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _ended() -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(ended)
    return found


def _alone() -> bool:
    return not any(entry.name.isdigit() and entry.name != "1" for entry in Path("/proc").iterdir())
