"""Folders of scripts as one content-addressed tar.gz, the form that script mode reads."""

import atexit
import gzip
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

EXECUTABLE_CODE = (".py", ".txt", ".json", ".yaml", ".yml", ".sh", ".cfg", ".toml")
"""What goes into a bundle; raw data and notebooks beside the code do not."""
JOB_SCRIPTS = Path(__file__).parent / "job_scripts"
"""What processing jobs run around a model's own scripts."""


class CodeBundle(Construct):
    """Bundle of a model folder in CDK's asset bucket: the same content always has the same key."""

    def __init__(self, scope: Construct, construct_id: str, *, folder: Path, shared: Sequence[Path] = ()) -> None:
        """Pack the code in `folder`, and beside it, under their own names, the `shared` packages and the job scripts.

        Folders called `data` are never packed.

        Raises
        ------
        ValueError
            If a shared package does not exist, or has the name of something in `folder`.
        """
        super().__init__(scope, construct_id)
        workspace = Path(tempfile.mkdtemp(prefix="code-bundle-"))
        atexit.register(shutil.rmtree, workspace, ignore_errors=True)
        archive = workspace / "sourcedir.tar.gz"
        archive.write_bytes(pack(folder, [*shared, JOB_SCRIPTS]))
        self.asset = s3_assets.Asset(self, "Asset", path=str(archive))

    @cached_property
    def s3_uri(self) -> str:
        """s3:// URI of the bundle."""
        return self.asset.s3_object_url

    @cached_property
    def file_name(self) -> str:
        """Last part of the key; SageMaker keeps it when it downloads the object."""
        return self.asset.s3_object_key


def pack(folder: Path, shared: Sequence[Path] = ()) -> bytes:
    """Return a tar.gz of the code in `folder` and `shared` whose bytes depend on nothing but names and contents."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, file in sorted(_entries(folder, shared)):
            entry = tarfile.TarInfo(name)
            content = file.read_bytes()
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _entries(folder: Path, shared: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    taken = {path.stem for path in folder.iterdir()}
    yield from _code_files(folder)
    for package in shared:
        if not package.is_dir():
            raise ValueError(f"there is no folder {package} to pack; correct it, or leave it out of `shared`")
        if package.name in taken:
            raise ValueError(f"{folder} has a {package.name!r} of its own, which would hide the shared one; rename it")
        taken.add(package.name)
        yield from ((f"{package.name}/{name}", file) for name, file in _code_files(package))


def _code_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob("*"):
        inner = file.relative_to(folder)
        if file.is_file() and file.suffix in EXECUTABLE_CODE and not {"data", "__pycache__"} & set(inner.parts[:-1]):
            yield inner.as_posix(), file
