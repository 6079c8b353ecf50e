"""What a notebook fetches at its start: idle agent, client, samples, and what installs them, as one content-addressed zip."""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from ml_platform.notebook.lifecycle_script import zipped
from ml_platform.notebook.sources import SOURCES

KINDS = (".py", ".ipynb", ".js", ".json")
"""What goes into the bundle; data and caches beside it do not."""
DEFAULT_ID = "NotebookClient"
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "data"}


class ClientBundle(Construct):
    """Zip in CDK's asset bucket: the same content always has the same key."""

    def __init__(self, scope: Construct, construct_id: str, *, folders: Mapping[str, Path]) -> None:
        """Pack the programs and notebooks of `folders`, each under its name in the zip; `mlp` and `samples` are installed.

        Raises
        ------
        ValueError
            If a folder has none.
        """
        super().__init__(scope, construct_id)
        workspace = Path(tempfile.mkdtemp(prefix="client-bundle-"))
        atexit.register(shutil.rmtree, workspace, ignore_errors=True)
        archive = workspace / "bundle.zip"
        content = pack(folders)
        archive.write_bytes(content)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.asset = s3_assets.Asset(self, "Asset", path=str(archive))

    @staticmethod
    def of_stack(scope: Construct) -> "ClientBundle":
        """Return the bundle of the stack of `scope`, made when it is first asked for: the client that is installed here."""
        stack = Stack.of(scope)
        found = stack.node.try_find_child(DEFAULT_ID)
        if isinstance(found, ClientBundle):
            return found
        folders = {"samples": SOURCES / "samples", **{name: _package(name) for name in ("mlp", "platform_contract")}}
        return ClientBundle(stack, DEFAULT_ID, folders=folders)

    @property
    def s3_uri(self) -> str:
        """s3:// URI of the zip."""
        return self.asset.s3_object_url


def pack(folders: Mapping[str, Path]) -> bytes:
    """Return a zip of the programs and notebooks of `folders`, each under its name, and of what every instance runs.

    Raises
    ------
    ValueError
        If a folder has nothing to pack.
    """
    files = {"__main__.py": (SOURCES / "__main__.py").read_bytes()}
    for name, folder in {**folders, "idle_agent": SOURCES / "idle_agent", "setup": SOURCES / "setup"}.items():
        files |= {f"{name}/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in _files(folder)}
    return zipped(files)


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec and spec.origin, f"the package {name}, which comes with this one, is not installed"
    return Path(spec.origin).parent


def _files(folder: Path) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix in KINDS]
    kept = [file for file in files if not LEFT_OUT & set(file.relative_to(folder).parts[:-1])]
    if not kept:
        raise ValueError(f"{folder} has no {' or '.join(KINDS)} files to pack; is it the right folder?")
    return sorted(kept, key=lambda file: file.relative_to(folder).as_posix())
