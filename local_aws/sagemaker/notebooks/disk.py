"""The files of a notebook instance: a root folder that every start makes anew, and in it the volume, which is kept."""

import json
import os
import shutil
import sys
from pathlib import Path

from local_aws.containers import namespaces, process, python_home
from local_aws.ministack_bridge.identity import Caller

HOME = "home/ec2-user"
VOLUME = f"{HOME}/SageMaker"
ANACONDA = f"{HOME}/anaconda3"
PYTHON = "/opt/python"
"""Where an instance sees the packages of the embedded AWS's own environment, JupyterLab among them."""
ROOTED = ("/home/ec2-user", "/opt", "/etc", "/var", "/run")
"""Without namespaces: folders of the instance that lie below its root here; everything else is the machine's own."""
FOLDERS = (VOLUME, "opt/ml/metadata", "etc/xdg", "etc/jupyter", "var/log", "run", "tmp")
OS_RELEASE = """\
NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023"
"""


class Disk:
    """Root folder of one instance.

    `/home/ec2-user/SageMaker` stands for its EBS volume: kept over stop and start, deleted with the instance. What AWS has no
    equivalent of: the volume also outlives the embedded AWS itself (`make down`), and an instance that is created later
    with the same name and the same state folder adopts it, so that nobody's work is lost on a laptop.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shown = namespaces.missing() is None
        """Whether its folders are shown to the instance at the paths that they have on AWS."""

    @property
    def home(self) -> Path:
        """Home of the instance's user."""
        return self.root / HOME

    @property
    def volume(self) -> Path:
        """Folder that survives a stop."""
        return self.root / VOLUME

    @property
    def packages(self) -> str:
        """Environment of the embedded AWS, as the instance sees it."""
        return PYTHON if self.shown else sys.prefix

    def seen(self, path: str) -> str:
        """Return the path of a file, given below the root, as programs of the instance name it."""
        return f"/{path}" if self.shown else str(self.root / path)

    def told(self, text: str) -> str:
        """Return a script as it must be for the instance."""
        return text if self.shown else process.below(text, self.root, ROOTED)

    def renew(self, name: str, arn: str) -> None:
        """Make everything anew but the volume."""
        self.root.mkdir(parents=True, exist_ok=True)
        _clear(self.root, self.volume)
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "etc/os-release").write_text(OS_RELEASE)
        # What the SageMaker SDK and the instance's own scripts read to learn where they are.
        metadata = {"ResourceArn": arn, "ResourceName": name}
        (self.root / "opt/ml/metadata/resource-metadata.json").write_text(json.dumps(metadata))
        anaconda = self.seen(ANACONDA)
        python_home.create(self.root / ANACONDA, anaconda, self.packages)
        _add_kernel(self.root / ANACONDA, f"{anaconda}/bin/python")
        # Terminals are login shells, for which the machine's own profile sets the path.
        (self.home / ".bash_profile").write_text(f'export PATH="{anaconda}/bin:$PATH"\n')

    def delete(self) -> None:
        """Delete everything, the volume too."""
        _delete(self.root)


def _clear(folder: Path, kept: Path) -> None:
    folder.chmod(folder.stat().st_mode | 0o700)
    for entry in folder.iterdir():
        if entry == kept and not entry.is_symlink():
            continue
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink()
        elif kept.is_relative_to(entry):
            _clear(entry, kept)
        else:
            _delete(entry)


def _delete(folder: Path) -> None:
    """Delete a folder with everything in it, whatever its owner has forbidden himself (Go keeps its modules so)."""
    folder.chmod(0o700)
    for place, names, _ in os.walk(folder):
        for name in names:
            inner = Path(place, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder)


def _add_kernel(environment: Path, python: str) -> None:
    """Offer the kernel under the name that notebooks written on AWS ask for, beside Jupyter's own `python3`."""
    folder = environment / "share/jupyter/kernels/conda_python3"
    folder.mkdir(parents=True)
    command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    specification = {"argv": command, "display_name": "conda_python3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(specification))


def disk_of(folder: Path, home: Caller, caller: Caller, name: str) -> Disk:
    """Return the disk of an instance: by its name below `folder`, and by its place as well where that is not `home`'s."""
    same = (caller.account, caller.region) == (home.account, home.region)
    return Disk(folder / (name.lower() if same else f"{name.lower()}.{caller.region}.{caller.account}"))
