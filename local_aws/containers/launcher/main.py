"""The launcher's commands: run FD, hold, join PROCESS FD. FD holds the `View` as JSON; PROCESS is what pidfd_open gave.

Sources: namespaces(7), pid_namespaces(7), user_namespaces(7), unix(7).
"""

import json
import os
import select
import signal
import socket
import sys
from typing import Any

from local_aws.containers.launcher import kernel, root_folder
from local_aws.containers.launcher.init import execute, exit_code, init
from local_aws.containers.launcher.kernel import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS

OWN = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID


def main(arguments: list[str]) -> None:
    """Run a command (`run`), keep a network for others (`hold`), or run a command beside one that runs (`join`)."""
    word = arguments[0]
    if word == "hold":
        hold()
    elif word == "run":
        sys.exit(run(_view(arguments[1])))
    elif word == "join":
        sys.exit(join(int(arguments[1]), _view(arguments[2])))


def _view(number: str) -> dict[str, Any]:
    with os.fdopen(int(number), "rb") as file:
        file.seek(0)
        view: dict[str, Any] = json.load(file)
        return view


def hold() -> None:
    """Make a network of its own, say so, and keep it until standard input ends."""
    kernel.unshare(CLONE_NEWNET)
    kernel.loopback_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


def run(view: dict[str, Any]) -> int:
    """Make the namespaces and the root folder, and run the command there; return its exit code."""
    network, broker = view["network"], view["broker"]
    if network is not None:
        kernel.enter(network, CLONE_NEWNET)
        os.close(network)
    own = CLONE_NEWNET if view["isolated"] and network is None else 0
    kernel.unshare(OWN | own, in_user_namespace=network is not None)
    if own:
        kernel.loopback_up(view["addresses"])
    socket.sethostname(view["hostname"])
    ready, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        if broker is not None and os.read(ready, 1):
            hand_out(broker, child)
        return _wait_for(child)
    kernel.end_with_parent()
    if broker is not None:
        os.close(broker)
    os.close(ready)
    root_folder.build(view)
    kernel.drop_capabilities()
    os.write(tell, b"1")
    os.close(tell)
    os._exit(init(view))


def hand_out(number: int, child: int) -> None:
    """Hand sockets of this network out while `child`, the container's init, lives: one for every message that comes.

    A socket stays in the network that it was made in, whoever holds it.
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    ended = os.pidfd_open(child)
    with socket.socket(fileno=number) as control:
        socket.send_fds(control, [b"init"], [ended])
        awaited: list[Any] = [control, ended]
        while ended not in select.select(awaited, [], [])[0]:
            if not control.recv(16):
                return
            with socket.socket() as made:
                socket.send_fds(control, [b"socket"], [made.fileno()])


def join(process: int, view: dict[str, Any]) -> int:  # noqa: RET503 - execute does not return
    """Run a command in the container that has `process` for its init; return its exit code."""
    kernel.enter(process, OWN | CLONE_NEWNET)
    os.close(process)
    child = os.fork()
    if child:
        return _wait_for(child)
    kernel.end_with_parent()
    kernel.drop_capabilities()
    execute(view)


def _wait_for(child: int) -> int:
    """Wait for the end of `child`, and return its exit code; where whoever started this launcher ends before, end `child`."""
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    ended, starter = os.pidfd_open(child), os.getppid()
    # Not the kernel's signal for that: it comes when the thread ends that has started us.
    awaited = [ended, *([os.pidfd_open(starter)] if starter > 0 else [])]
    if ended not in select.select(awaited, [], [])[0]:
        os.kill(child, signal.SIGKILL)
    return exit_code(os.waitpid(child, 0)[1])
