"""Runs a command in a container's view of the machine, by Linux namespaces: no Docker, and no root where the kernel allows that.

Run by path, with the standard library alone: enter.py run FD, enter.py hold, enter.py join PID FD. FD holds the `View` as JSON.

The command sees a root folder of its own: the machine's programs read-only, what the view mounts, and nothing else of the
machine. It is a child of an init process; when that ends, the kernel ends whatever is left inside.
Sources: namespaces(7), user_namespaces(7), pivot_root(2), mount_setattr(2).
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_CAPBSET_READ = 1, 24, 23
SYS_MOUNT_SETATTR, SYS_PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}
AT_RECURSIVE, AT_FDCWD, MOUNT_ATTR_RDONLY = 0x8000, -100, 1
KEPT_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}
"""Those that Docker leaves to root in a container: chown, kill, setuid and the like, not mount."""
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
COPIED = (
    "resolv.conf",
    "nsswitch.conf",
    "localtime",
    "ld.so.cache",
    "ld.so.conf",
    "protocols",
    "services",
    "mime.types",
    "host.conf",
)
BOUND = ("ssl", "pki", "ca-certificates", "alternatives", "fonts", "ld.so.conf.d")
USERS = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUPS = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Run a command (`run`), keep namespaces for others (`hold`), or run a command beside one that runs (`join`)."""
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
    _unshare(CLONE_NEWNET)
    loopback_up()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


def run(view: dict[str, Any]) -> int:
    """Make the namespaces and the root folder, and run the command there; return its exit code."""
    network = view.get("network")
    if network:
        _enter(network, ("user", "net") if os.getuid() else ("net",))
    own = 0 if network or not view["isolated"] else CLONE_NEWNET
    flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | own
    _unshare(flags, in_user_namespace=bool(network))
    if own:
        loopback_up(view.get("addresses", ()))
    socket.sethostname(view["hostname"])
    ready, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(tell)
        if view.get("broker") and os.read(ready, 1):
            hand_out(view["broker"], child)
        return _wait_for(child)
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if view.get("broker"):
        os.close(view["broker"])
    os.close(ready)
    build_root(view)
    drop_capabilities()
    os.write(tell, b"1")
    os.close(tell)
    os._exit(init(view))


def hand_out(number: int, child: int) -> None:
    """Hand sockets of this network out while `child`, the container's init, lives: `listen` and `connect`.

    A socket stays in the network that it was made in, whoever holds it.
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    ended = os.pidfd_open(child)
    with socket.socket(fileno=number) as control:
        control.sendall(f"{child}\n".encode())
        awaited: list[Any] = [control, ended]
        while ended not in select.select(awaited, [], [])[0]:
            request = control.recv(256).decode()
            if not request:
                return
            word, address, port = request.split()
            # Addresses, not names: the modules that look names up lie in a root folder that this process has left.
            with socket.socket() as made:
                try:
                    if word == "listen":
                        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        made.bind((address, int(port)))
                        made.listen(128)
                    else:
                        made.connect((address, int(port)))
                except OSError as error:
                    control.sendall((error.strerror or str(error)).encode())
                    continue
                socket.send_fds(control, [b"ok"], [made.fileno()])


def join(pid: int, view: dict[str, Any]) -> int:  # noqa: RET503 - execute does not return
    """Run a command in the container whose init process is `pid`; return its exit code."""
    _enter(pid, (*(("user",) if os.getuid() else ()), "net", "uts", "ipc", "pid", "mnt"))
    child = os.fork()
    if child:
        return _wait_for(child)
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    drop_capabilities()
    execute(view)


def _enter(pid: int, kinds: tuple[str, ...]) -> None:
    spaces = []
    for kind in kinds:
        # A process of ours in the same user namespace already would be refused to enter it again.
        if Path(f"/proc/{pid}/ns/{kind}").readlink() != Path(f"/proc/self/ns/{kind}").readlink():
            spaces.append((kind, os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)))
    for kind, space in spaces:
        _check(libc.setns(space, 0), f"setns {kind}")


def _unshare(flags: int, *, in_user_namespace: bool = False) -> None:
    uid, gid = os.getuid(), os.getgid()
    if uid and not in_user_namespace:
        _check(libc.unshare(flags | CLONE_NEWUSER), "unshare")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    else:
        _check(libc.unshare(flags), "unshare")


def loopback_up(addresses: Sequence[str] = ()) -> None:
    """Switch on the loopback interface of a new network namespace, which answers at `addresses` too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sh14x", b"lo", 0))
        fcntl.ioctl(control, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("h", request, 16)[0]
        struct.pack_into("h", request, 16, flags | IFF_UP)
        fcntl.ioctl(control, SIOCSIFFLAGS, request)
        for number, address in enumerate(addresses, 1):
            # struct ifreq with a sockaddr_in
            place = struct.pack("16sHH4s8x", f"lo:{number}".encode(), socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(control, SIOCSIFADDR, place)


def build_root(view: dict[str, Any]) -> None:
    """Put the root folder together, in memory or in a folder that is kept, and move into it."""
    root = Path(view["root"])
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    if view["kept"]:
        mount(root, root, None, MS_BIND)
    else:
        mount("container", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        source = Path("/", name)
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            bind(source, root / name, read_only=True)
    _etc(root / "etc", view)
    _dev(root / "dev")
    for name in ("root", "home", "opt", "run", "tmp", "var/tmp", "var/log", "srv", "mnt"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for folder in view.get("folders", ()):
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for source, target, writable in view["mounts"]:
        bind(Path(source), root / target.lstrip("/"), read_only=not writable)
    _programs(root, view.get("programs", {}))
    for path, text in view.get("files", {}).items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    with contextlib.suppress(OSError):
        bind(Path("/sys"), root / "sys", read_only=True)
    (root / "proc").mkdir()
    try:
        mount("proc", root / "proc", "proc", MS_NOSUID | MS_NODEV)
    except OSError:
        # Where parts of /proc are covered, as in some containers, the kernel allows no new one.
        bind(Path("/proc"), root / "proc", read_only=False)
    (root / ".old").mkdir()
    _check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], str(root).encode(), str(root / ".old").encode()), "pivot_root")
    os.chdir("/")
    _check(libc.umount2(b"/.old", MNT_DETACH), "umount")
    Path("/.old").rmdir()


def _programs(root: Path, programs: dict[str, str]) -> None:
    """Put programs where every PATH finds them: over the machine's own, or into a /sbin that is a folder of its own."""
    if not programs:
        return
    if (root / "sbin").is_symlink():
        (root / "sbin").unlink()
        (root / "sbin").mkdir()
        for program in Path("/usr/sbin").iterdir():
            (root / "sbin" / program.name).symlink_to(Path("/usr/sbin", program.name))
    own = root / "srv/programs"
    own.mkdir(parents=True)
    for name, text in programs.items():
        (own / name).write_text(text)
        (own / name).chmod(0o755)
        if (root / "usr/bin" / name).exists():
            mount(own / name, root / "usr/bin" / name, None, MS_BIND)
        with contextlib.suppress(OSError):
            (root / "sbin" / name).unlink(missing_ok=True)
            shutil.copy(own / name, root / "sbin" / name)


def _etc(etc: Path, view: dict[str, Any]) -> None:
    etc.mkdir(exist_ok=True)
    for name in COPIED:
        with contextlib.suppress(OSError):
            shutil.copyfile(Path("/etc", name), etc / name)
    for name in BOUND:
        if Path("/etc", name).is_dir():
            bind(Path("/etc", name), etc / name, read_only=True)
    (etc / "passwd").write_text(USERS + view.get("users", ""))
    (etc / "group").write_text(GROUPS + view.get("groups", ""))
    (etc / "hostname").write_text(view["hostname"] + "\n")
    names = "".join(f"{address} {name}\n" for name, address in view["hosts"].items())
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{names}")


def _dev(dev: Path) -> None:
    dev.mkdir()
    mount("dev", dev, "tmpfs", MS_NOSUID, "mode=755")
    for name in DEVICES:
        if Path("/dev", name).exists():
            (dev / name).touch()
            mount(f"/dev/{name}", dev / name, None, MS_BIND)
    (dev / "shm").mkdir()
    mount("shm", dev / "shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    (dev / "pts").mkdir()
    with contextlib.suppress(OSError):
        mount("devpts", dev / "pts", "devpts", MS_NOSUID, "newinstance,ptmxmode=0666,mode=620")
        (dev / "ptmx").symlink_to("pts/ptmx")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (dev / name).symlink_to(target)


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    """Show `source`, with all that is mounted below it, at `target`."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        # struct mount_attr: set, clear, propagation, namespace
        attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY, 0, 0, 0)
        place = str(target).encode()
        _check(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, place, AT_RECURSIVE, attributes, len(attributes)), f"read-only {target}")


def mount(source: Path | str | None, target: Path | str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    words = [None if word is None else str(word).encode() for word in (source, target, kind, data)]
    _check(libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def drop_capabilities() -> None:
    """Leave root in the container what Docker leaves it: it cannot mount, so what is read-only stays so."""
    number = 0
    while libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0:
        if number not in KEPT_CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
        number += 1


def init(view: dict[str, Any]) -> int:
    """Run the command as a child; end when it has, or, told to stop, when the last process has."""
    os.setsid()  # signals to the launcher's group come once, through the launcher
    stopping: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stopping.append(number)
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, number)

    signal.signal(signal.SIGTERM, stop)
    command = view.get("command")
    child = os.fork() if command else 0
    if command and not child:
        execute(view)
    code = 0
    while True:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        except ChildProcessError:
            if (command and not stopping) or (stopping and _alone()):
                return code
            # A container that others join, or one whose last processes are on their way out.
            time.sleep(0.05)
            continue
        if pid == child:
            code = _code(status)
            if not stopping:
                return code


def _alone() -> bool:
    return not any(entry.name.isdigit() and entry.name != "1" for entry in Path("/proc").iterdir())


def execute(view: dict[str, Any]) -> NoReturn:
    """Become the command."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    environment, folder = view["environment"], view["folder"]
    try:
        os.chdir(folder)
        # Found by the container's own PATH.
        os.execvpe(view["command"][0], view["command"], environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"{view['command'][0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def _wait_for(child: int) -> int:
    signal.signal(signal.SIGTERM, lambda number, _frame: os.kill(child, number))
    while True:
        try:
            return _code(os.waitpid(child, 0)[1])
        except InterruptedError:
            continue


def _code(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _check(answer: int, what: str) -> None:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
