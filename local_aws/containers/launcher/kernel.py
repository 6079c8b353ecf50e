"""System calls that Python has no function for.

Sources: mount(2), mount_setattr(2), unshare(2), setns(2), pivot_root(2), prctl(2), netdevice(7), capabilities(7).
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

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
AT_RECURSIVE, AT_FDCWD = 0x8000, -100
READ_ONLY, NO_SETUID, NO_DEVICES = 1, 2, 4
"""Attributes of a mount."""
KEPT_CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31}
"""Those that Docker leaves to root in a container (chown, kill, setuid and the like, not mount), without mknod: what devices a
container has is decided when its root folder is put together."""
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8913, 0x8914, 0x8916, 1

libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int, *, in_user_namespace: bool = False) -> None:
    """Leave the namespaces that `flags` name for new ones; an ordinary user gets a user namespace to be root in first."""
    uid, gid = os.getuid(), os.getgid()
    if uid and not in_user_namespace:
        check(libc.unshare(flags | CLONE_NEWUSER), "unshare")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    else:
        check(libc.unshare(flags), "unshare")


def enter(process: int, flags: int) -> None:
    """Enter namespaces of a process, given as the file descriptor of pidfd_open, which means no other process ever."""
    check(libc.setns(process, flags | (CLONE_NEWUSER if os.getuid() else 0)), "setns")


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


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    """Show `source`, with all that is mounted below it, at `target`."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        restrict(target, READ_ONLY)


def restrict(target: Path, attributes: int) -> None:
    """Give a mount, with all below it, more attributes."""
    # struct mount_attr: set, clear, propagation, namespace
    given = struct.pack("QQQQ", attributes, 0, 0, 0)
    answer = libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, str(target).encode(), AT_RECURSIVE, given, len(given))
    check(answer, f"attributes of {target}")


def mount(source: Path | str | None, target: Path | str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    words = [None if word is None else str(word).encode() for word in (source, target, kind, data)]
    check(libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {target}")


def move_into(root: Path) -> None:
    """Make `root`, which is a mount, the root folder, and let go of the one before."""
    (root / ".old").mkdir()
    check(libc.syscall(SYS_PIVOT_ROOT[os.uname().machine], str(root).encode(), str(root / ".old").encode()), "pivot_root")
    os.chdir("/")
    check(libc.umount2(b"/.old", MNT_DETACH), "umount")
    Path("/.old").rmdir()


def drop_capabilities() -> None:
    """Leave root in the container what Docker leaves it: it cannot mount, so what is read-only stays so."""
    number = 0
    while libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0:
        if number not in KEPT_CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
        number += 1


def end_with_parent() -> None:
    """Let the kernel end this process when its parent ends."""
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def leave_signals_as_usual() -> None:
    """Undo what Python and our init do to signals: a new program expects none blocked or ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def check(answer: int, what: str) -> None:
    """Raise OSError if a system call failed."""
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
