"""What a notebook fetches at its start: the client, samples, and what installs them, as one content-addressed zip."""

import atexit
import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from ml_platform.notebook.sources import SOURCES

KINDS = (".py", ".ipynb", ".js", ".json")
"""What goes into the bundle; data and caches beside it do not."""
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", "data"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can carry."""


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
        archive = workspace / "client.zip"
        archive.write_bytes(pack({**folders, "setup": SOURCES / "idle_agent/setup"}))
        self.asset = s3_assets.Asset(self, "Asset", path=str(archive))

    @property
    def s3_uri(self) -> str:
        """s3:// URI of the zip."""
        return self.asset.s3_object_url


def pack(folders: Mapping[str, Path]) -> bytes:
    """Return a zip whose bytes depend on nothing but names and contents; stored, because compression differs by machine.

    Raises
    ------
    ValueError
        If a folder has nothing to pack.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, folder in sorted(folders.items()):
            for file in _files(folder):
                entry = zipfile.ZipInfo(f"{name}/{file.relative_to(folder).as_posix()}", _EPOCH)
                entry.create_system, entry.external_attr = 3, 0o644 << 16
                archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def _files(folder: Path) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix in KINDS]
    kept = [file for file in files if not LEFT_OUT & set(file.relative_to(folder).parts[:-1])]
    if not kept:
        raise ValueError(f"{folder} has no {' or '.join(KINDS)} files to pack; is it the right folder?")
    return sorted(kept, key=lambda file: file.relative_to(folder).as_posix())
