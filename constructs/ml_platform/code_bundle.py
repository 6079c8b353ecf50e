"""A folder of scripts as one content-addressed tar.gz, the form that script mode reads."""

import atexit
import gzip
import io
import shutil
import tarfile
import tempfile
from pathlib import Path

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

EXECUTABLE_CODE = (".py", ".txt", ".json", ".yaml", ".yml", ".sh", ".cfg", ".toml")
"""What goes into a bundle; raw data and notebooks beside the code do not."""


class CodeBundle(Construct):
    """Bundle of a model folder in CDK's asset bucket: the same content always has the same key."""

    def __init__(self, scope: Construct, construct_id: str, *, folder: Path) -> None:
        """Pack the code in `folder`, without its `data/`."""
        super().__init__(scope, construct_id)
        workspace = Path(tempfile.mkdtemp(prefix="code-bundle-"))
        atexit.register(shutil.rmtree, workspace, ignore_errors=True)
        archive = workspace / "sourcedir.tar.gz"
        archive.write_bytes(pack(folder))
        self.asset = s3_assets.Asset(self, "Asset", path=str(archive))

    @property
    def s3_uri(self) -> str:
        """s3:// URI of the bundle."""
        return self.asset.s3_object_url

    @property
    def file_name(self) -> str:
        """Last part of the key; SageMaker keeps it when it downloads the object."""
        return self.asset.s3_object_key


def pack(folder: Path) -> bytes:
    """Return a tar.gz of the code in `folder` whose bytes depend on nothing but names and contents."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for file in _code_files(folder):
            entry = tarfile.TarInfo(file.relative_to(folder).as_posix())
            content = file.read_bytes()
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _code_files(folder: Path) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix in EXECUTABLE_CODE]
    kept = [file for file in files if not {"data", "__pycache__"} & set(file.relative_to(folder).parts[:-1])]
    return sorted(kept, key=lambda file: file.relative_to(folder).as_posix())
