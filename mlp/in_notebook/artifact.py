"""A model artifact that can be served: with serving code inside, and in this notebook's own place."""

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

from mlp.in_notebook.output import write_line
from mlp.in_notebook.platform import NotebookPlatform
from mlp.in_notebook.storage import split_uri
from mlp.platform.errors import MlpError

CODE = "code/serve.py"
"""Where the framework's container looks for the serving code, inside the artifact."""


def servable(platform: NotebookPlatform, uri: str, serve: Path, endpoint: str) -> str:
    """Return the URI of an artifact of this notebook's own that has serving code: `uri` itself where it is one.

    Raises
    ------
    MlpError
        If the artifact brings no serving code, and there is no file `serve` either.
    """
    s3 = platform.client("s3")
    with tempfile.TemporaryDirectory(prefix="artifact-") as folder:
        artifact = Path(folder) / "model.tar.gz"
        s3.download_file(*split_uri(uri), str(artifact))
        complete = _has_code(artifact)
        if complete and uri.startswith(platform.own_uri()):
            return uri
        if not complete:
            artifact = _with_code(artifact, _serving_code(serve))
            write_line(f"{serve.name} goes into the artifact as {CODE}")
        target = platform.own_uri("endpoints", endpoint, "model.tar.gz")
        s3.upload_file(str(artifact), *split_uri(target))
    return target


def _has_code(artifact: Path) -> bool:
    try:
        with tarfile.open(artifact, "r:gz") as archive:
            return any(_plain(member.name) == CODE for member in archive)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise MlpError(f"The artifact is no tar.gz: {error}; deploy what a training job has written") from None


def _serving_code(serve: Path) -> bytes:
    if not serve.is_file():
        raise MlpError(
            f"serve: the artifact brings no {CODE}, and there is no file {str(serve)!r} in {Path.cwd()}; write one with "
            "model_fn, input_fn, predict_fn and output_fn (samples/03-deploy.ipynb has one), or let the training "
            "script put it there"
        )
    content = serve.read_bytes()
    try:
        compile(content, str(serve), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        place = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise MlpError(f"serve: {serve}{place}: {error.args[0]}; it would fail on the endpoint as well") from None
    return content


def _with_code(artifact: Path, serve: bytes) -> Path:
    """Return a copy of the artifact with `serve` inside; the copy depends on nothing but the two contents."""
    target = artifact.with_name("with-code.tar.gz")
    entry = tarfile.TarInfo(CODE)
    entry.size, entry.mode = len(serve), 0o644
    with (
        tarfile.open(artifact, "r:gz") as before,
        target.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as after,
    ):
        for member in before:
            after.addfile(member, before.extractfile(member) if member.isfile() else None)
        after.addfile(entry, io.BytesIO(serve))
    return target


def _plain(name: str) -> str:
    return name.removeprefix("./")
