"""A training script, or a folder of code, as the tar.gz that script mode reads; what cannot run is told before it is sent."""

import ast
import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from mlp.in_notebook.output import write_line
from mlp.in_notebook.storage import files_in
from mlp.platform.errors import MlpError

MAX_BYTES = 100 * 1024**2
"""Largest bundle; code is small, and what is large is data."""
REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True)
class Source:
    """A script and its bundle."""

    program: str
    """The script's path inside the bundle."""
    content: bytes

    @property
    def file_name(self) -> str:
        """Name of the bundle by its content: the same code is sent once."""
        return f"{hashlib.sha256(self.content).hexdigest()[:16]}.tar.gz"


def read(script: str | Path, source_dir: str | Path | None, *, internet: bool) -> Source:
    """Return the bundle of `script` alone, or of all code in `source_dir`, in which `script` lies.

    Raises
    ------
    MlpError
        If there is no such script, it is no Python, it imports a file that would stay behind, or the folder is too large.
    """
    folder = Path(source_dir) if source_dir is not None else Path(script).parent
    path = Path(script) if source_dir is None else folder / script
    if source_dir is not None and not folder.is_dir():
        raise MlpError(f"source_dir: there is no folder {str(folder)!r} in {Path.cwd()}")
    if path.suffix != ".py" or not path.is_file():
        raise MlpError(f"script: got {str(script)!r}; give a Python file that exists in {folder.resolve()}, such as 'train.py'")
    tree = _parsed(path)
    if source_dir is None:
        _refuse_what_stays_behind(path, tree)
        files = {path.name: path}
    else:
        files = {name: file for name, file in files_in(folder).items() if file.suffix != ".ipynb"}
    if REQUIREMENTS in files and not internet:
        write_line(
            f"{REQUIREMENTS}: the job has no network, so only what its image brings is found; internet=True would let pip install"
        )
    return Source(path.relative_to(folder).as_posix(), _packed(files))


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        place = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise MlpError(f"script: {path}{place}: {error.args[0]}; it would fail on the training server as well") from None


def _refuse_what_stays_behind(path: Path, tree: ast.Module) -> None:
    """Raise MlpError for an import of a file beside the script: alone it would end with ModuleNotFoundError, minutes later."""
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    for name in names:
        first = name.partition(".")[0]
        if first and (path.parent / f"{first}.py").is_file() and first != path.stem:
            raise MlpError(
                f"script: {path} imports {first}.py, which lies beside it and would stay behind; "
                f"give the folder too: script={path.name!r}, source_dir={str(path.parent)!r}"
            )


def _packed(files: dict[str, Path]) -> bytes:
    """Return a tar.gz whose bytes depend on nothing but names and contents."""
    size = sum(file.stat().st_size for file in files.values())
    if size > MAX_BYTES:
        raise MlpError(
            f"source_dir: {size / 1e6:.0f} MB are too much for code (at most {MAX_BYTES / 1e6:.0f}); give data as data="
        )
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, file in sorted(files.items()):
            entry, content = tarfile.TarInfo(name), file.read_bytes()
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
