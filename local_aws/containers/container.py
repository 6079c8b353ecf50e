"""A container of an image: the image's programs and variables, /opt/ml, /tmp and a home of its own, and what it may reach.

Where the machine allows no namespaces, a container is a process with folders of its own, whose paths its arguments and variables
name; it is not isolated then, and programs that open /opt/ml themselves end with a sentence (toolkit/without_namespaces).
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local_aws.containers import namespaces, process
from local_aws.containers.environments import TOOLKIT, Environment
from local_aws.containers.namespaces import View
from local_aws.containers.process import LineSink, Outcome

ML = "/opt/ml"
TMP = "/tmp"  # noqa: S108 - inside the container
IMAGE, STAND_INS = "/opt/image", "/opt/stand-ins"
"""Where a container sees its image's packages, and what stands in for AWS's own."""
WITHOUT = TOOLKIT / "without_namespaces"
SCRIPT_BYTES = 1 << 16
"""Console scripts are small; programs of their own in an environment's bin are not copied."""


@dataclass
class Container:
    """One container; `folder` holds its files, until the caller deletes it."""

    environment: Environment
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """What it gets beside what its image sets."""
    isolated: bool = False
    """Whether it reaches nothing but itself, and those with whom it shares `network`."""
    network: int | None = None
    """`Network.process`."""
    name: str = "algo-1"
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the containers that it knows by name."""
    mounts: Sequence[tuple[str, str, bool]] = ()
    """More folders of the machine: path there, path in the container, whether it may write."""

    def __post_init__(self) -> None:
        for name in ("ml", "tmp", "home", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def ml(self) -> Path:
        """Folder that is the container's /opt/ml."""
        return self.folder / "ml"

    @property
    def socket(self) -> Path:
        """Where the model server's socket is, on the machine."""
        return self.folder / "tmp" / Path(self.environment.image.socket).name

    def place(self, path: str) -> Path:
        """Return where a path below /opt/ml lies on the machine."""
        return Path(process.rooted(path, self.ml))

    def show(self, folders: Iterable[tuple[Path, str]]) -> None:
        """Show folders of the machine at places below /opt/ml, where the container may write."""
        for folder, path in folders:
            place = self.place(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if namespaces.missing() is None:
                place.mkdir(exist_ok=True)
                self.mounts = [*self.mounts, (str(folder), path, True)]
            else:
                place.symlink_to(folder)

    def told(self, text: str) -> str:
        """Return `text`, which may name /opt/ml, as a command or a variable in the container must have it."""
        return text if namespaces.missing() is None else process.rooted(text, self.ml)

    def start(self, command: Sequence[str], sink: LineSink) -> "subprocess.Popen[str]":
        """Start a command in it."""
        self._venv  # noqa: B018 - made once
        if namespaces.missing() is None:
            return self._start_inside(command, sink)
        variables = self._variables_without_namespaces()
        words = [self.told(word) for word in command]
        words[0] = shutil.which(words[0], path=variables["PATH"]) or words[0]
        return process.start(words, variables, self.ml, sink)

    def run(self, command: Sequence[str], sink: LineSink, *, seconds: float, stop: threading.Event) -> Outcome:
        """Run a command in it to its end, or until `seconds` have passed or `stop` is set."""
        return process.wait(self.start(command, sink), seconds=seconds, stop=stop)

    def _start_inside(self, command: Sequence[str], sink: LineSink) -> "subprocess.Popen[str]":
        view = View(
            root=self.folder / "root",
            mounts=self._all_mounts(),
            environment={**self.environment.image.environment, "HOME": "/root", **_of_this_machine(), **self.variables},
            isolated=self.isolated,
            network=self.network,
            hostname=self.name,
            hosts=self.hosts or {self.name: "127.0.0.1"},
            folders=("/home/model-server/tmp",),
            command=list(command),
        )
        return namespaces.launch(view, {process.MARKER: os.environ.get(process.MARKER, "")}, sink)

    def _all_mounts(self) -> list[tuple[str, str, bool]]:
        return [
            (str(self.folder / "tmp"), TMP, True),
            (str(self.folder / "home"), "/root", True),
            (str(self.environment.folder), IMAGE, False),
            (str(TOOLKIT), STAND_INS, False),
            (str(self.folder / "venv"), "/opt/venv", True),
            (str(self.ml), ML, True),
            *namespaces.interpreter(self.environment.prefix),
            *self.mounts,
        ]

    def _variables_without_namespaces(self) -> dict[str, str]:
        rooted = {key: self.told(value) for key, value in {**self.environment.image.environment, **self.variables}.items()}
        return {
            **rooted,
            **_of_this_machine(),
            "PATH": f"{self.folder / 'venv/bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "TEMP": str(self.folder / "tmp"),
            "PYTHONPATH": str(WITHOUT),
            "SAGEMAKER_BASE_DIR": str(self.ml),
            # Without it the toolkit waits for names that only a container's own /etc/hosts has.
            "SM_STUDIO_LOCAL_MODE": "true",
            process.MARKER: os.environ.get(process.MARKER, ""),
        }

    @cached_property
    def _venv(self) -> Path:
        """A virtual environment before that of the image, which is read-only: pip installs into it."""
        folder, image = self.folder / "venv", self.environment.folder
        inside = namespaces.missing() is None
        binaries, packages = folder / "bin", folder / self.environment.site_packages
        binaries.mkdir(parents=True)
        packages.mkdir(parents=True)
        shutil.copyfile(image / "pyvenv.cfg", folder / "pyvenv.cfg")
        for name in ("python", "python3", f"python{self.environment.minor}"):
            (binaries / name).symlink_to(self.environment.base)
        for script in (image / "bin").iterdir():
            if not script.is_symlink() and script.stat().st_size < SCRIPT_BYTES:
                shutil.copy(script, binaries / script.name)
        for script in [TOOLKIT / "bin/nginx", *([] if inside else [WITHOUT / "serve"])]:
            shutil.copy(script, binaries / script.name)
        here = IMAGE if inside else str(image)
        behind = [f"{here}/{self.environment.site_packages}", STAND_INS if inside else str(TOOLKIT)]
        lines = [f"import site; site.addsitedir({path!r})\n" for path in behind]
        (packages / "image.pth").write_text("".join(lines))
        return folder


def _of_this_machine() -> dict[str, str]:
    """Return what is not the image's: how threads wait here, and where the loader looks."""
    found = dict(process.PATIENCE)
    if "LD_LIBRARY_PATH" in os.environ:
        found["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return found


class Network:
    """A network that several isolated containers share, and nothing else is in."""

    def __init__(self) -> None:
        marked = {process.MARKER: os.environ.get(process.MARKER, "")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(namespaces.launcher("hold"), env=marked, **pipes)  # type: ignore[call-overload]  # noqa: S603
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.process = os.pidfd_open(self._process.pid)
        """File descriptor of the process that keeps it."""

    def close(self) -> None:
        """Let go of it."""
        self._process.communicate()
        os.close(self.process)
