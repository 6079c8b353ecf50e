"""The root folder of a container: put together in memory, or in a folder that is kept, and moved into.

Sources: namespaces(7), and the paths that a container of Docker sees read-only or not at all
(https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md, maskedPaths and readonlyPaths).
"""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from local_aws.containers.launcher.kernel import (
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    NO_DEVICES,
    NO_SETUID,
    READ_ONLY,
    bind,
    mount,
    move_into,
    restrict,
)

PROGRAMS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
FOLDERS = ("root", "home", "opt", "run", "tmp", "var/tmp", "var/log", "srv", "mnt")
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
OF_THE_KERNEL = ("bus", "fs", "irq", "sys", "sysrq-trigger")
"""Below /proc: settings of the whole machine, which root could change."""
HIDDEN = ("kcore", "keys", "latency_stats", "timer_list")
"""Below /proc: what else the machine does."""


def build(view: dict[str, Any]) -> None:
    """Put the root folder of a `View` together, and move into it."""
    root = Path(view["root"])
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    if view["kept"]:
        mount(root, root, None, MS_BIND)
        restrict(root, NO_DEVICES | NO_SETUID)
    else:
        mount("container", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    _programs_of_the_machine(root)
    _etc(root / "etc", view)
    _dev(root / "dev")
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for folder in view["folders"]:
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for source, target, writable in view["mounts"]:
        bind(Path(source), root / target.lstrip("/"), read_only=not writable)
    _stand_ins(root, view["programs"])
    for path, text in view["files"].items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, text)
    with contextlib.suppress(OSError):
        bind(Path("/sys"), root / "sys", read_only=True)
    _proc(root / "proc")
    move_into(root)


def _programs_of_the_machine(root: Path) -> None:
    for name in PROGRAMS:
        source = Path("/", name)
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            bind(source, root / name, read_only=True)


def _stand_ins(root: Path, programs: dict[str, str]) -> None:
    """Put programs where every PATH finds them: over the machine's own, and in a /sbin that is a folder of its own."""
    if not programs:
        return
    own = root / "srv/programs"
    own.mkdir(parents=True)
    for name, text in programs.items():
        _write(own / name, text)
    if (root / "sbin").is_symlink():
        (root / "sbin").unlink()
        (root / "sbin").mkdir()
        for program in Path("/usr/sbin").iterdir():
            if program.name not in programs:
                (root / "sbin" / program.name).symlink_to(Path("/usr/sbin", program.name))
        for name in programs:
            shutil.copy(own / name, root / "sbin" / name)
    for folder in ("usr/bin", "bin", "usr/sbin", "sbin", "usr/local/bin"):
        for name in programs:
            # A program that is a link would be followed out of this root folder.
            place = (root / folder).resolve() / name
            if place.is_relative_to(root) and place.is_file() and not place.is_symlink():
                mount(own / name, place, None, MS_BIND)


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755 if text.startswith("#!") else 0o644)


def _etc(etc: Path, view: dict[str, Any]) -> None:
    etc.mkdir(exist_ok=True)
    for name in COPIED:
        with contextlib.suppress(OSError):
            shutil.copyfile(Path("/etc", name), etc / name)
    for name in BOUND:
        if Path("/etc", name).is_dir():
            bind(Path("/etc", name), etc / name, read_only=True)
    (etc / "passwd").write_text(USERS + view["users"])
    (etc / "group").write_text(GROUPS + view["groups"])
    (etc / "hostname").write_text(view["hostname"] + "\n")
    names = "".join(f"{address} {name}\n" for name, address in view["hosts"].items())
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{names}")


def _dev(dev: Path) -> None:
    dev.mkdir()
    mount("dev", dev, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
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


def _proc(proc: Path) -> None:
    proc.mkdir()
    try:
        mount("proc", proc, "proc", MS_NOSUID | MS_NODEV)
    except OSError:
        # Where parts of /proc are covered, as in some containers, the kernel allows no new one.
        bind(Path("/proc"), proc, read_only=False)
    for name in OF_THE_KERNEL:
        if (proc / name).exists():
            mount(proc / name, proc / name, None, MS_BIND | MS_REC)
            restrict(proc / name, READ_ONLY)
    for name in HIDDEN:
        if (proc / name).exists():
            mount("/dev/null", proc / name, None, MS_BIND)
