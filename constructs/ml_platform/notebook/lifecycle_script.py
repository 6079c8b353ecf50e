"""The lifecycle script of a notebook instance, as text; knows no CDK.

SageMaker takes 16,384 base64 characters, so the script carries only what starts the rest (`notebook/start`, packed) and the
settings. They stay in the clear: CloudFormation fills in the CDK's tokens, and a reader of the script sees what it sets.
"""

from __future__ import annotations

import bz2
import io
import json
import re
import zipfile
from base64 import b85encode
from collections.abc import Mapping
from functools import cache
from typing import Any

from ml_platform.notebook.sources import SOURCES

MAX_BYTES = 12_288
"""16,384 characters of base64. Source: API_NotebookInstanceLifecycleHook."""
TOKEN_BYTES = 140
"""Longest value that a token is expected to become: an ARN with a long name."""
TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
PROGRAM = {"start": ("__init__", "__main__", "bundle"), "idle_agent": ("__init__", "background", "identity")}
"""What the script carries: modules by package."""
ENTRY = "import start.__main__\nstart.__main__.main()\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can carry."""


def render(*, idle: Mapping[str, Any], platform: Mapping[str, Any], sdk_defaults: str, bundle: Mapping[str, str]) -> str:
    """Return the on-start script: the same bytes for the same arguments, on every machine and Python.

    Parameters
    ----------
    idle
        What the agent is told (idle.json).
    platform
        What the client is told (platform.json).
    sdk_defaults
        Defaults of the SageMaker SDK, as YAML.
    bundle
        Where agent and client are fetched: `uri`, an s3:// address, and `sha256`, the digest of what must lie there.

    Raises
    ------
    ValueError
        If the script is longer than SageMaker takes.
    """
    settings = {"idle": dict(idle), "platform": dict(platform), "sdk_defaults": sdk_defaults, "bundle": dict(bundle)}
    script = _template().replace("@PROGRAM@", _program()).replace("@SETTINGS@", json.dumps(settings, indent=1))
    _check(script, settings)
    return script


def size(script: str) -> int:
    """Return the bytes that the script may have once CloudFormation has filled it in."""
    return len(TOKEN.sub("x" * TOKEN_BYTES, script).encode())


def program_files() -> dict[str, bytes]:
    """Return the files of the program that the script carries, by name in its zip."""
    names = [f"{package}/{module}.py" for package, modules in PROGRAM.items() for module in modules]
    return {"__main__.py": ENTRY.encode(), **{name: (SOURCES / name).read_bytes() for name in names}}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip whose bytes depend on nothing but names and contents; stored, because compression differs by machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


@cache
def _program() -> str:
    # bzip2 has one implementation and one result for the same input, unlike zlib and xz, whose output differs by version.
    return b85encode(bz2.compress(zipped(program_files()))).decode()


@cache
def _template() -> str:
    """Return the script without its comments, which are for those who read the source."""
    lines = (SOURCES / "on_start.sh").read_text().splitlines(keepends=True)
    return "".join(re.sub(" # .*", "", line) for line in lines if line.strip() and not re.match("#(?!!)", line))


def _check(script: str, settings: Mapping[str, Any]) -> None:
    if size(script) <= MAX_BYTES:
        return
    lengths = {f"{part}.{key}": len(json.dumps(value)) for part in ("idle", "platform") for key, value in settings[part].items()}
    longest = sorted({**lengths, "sdk_defaults": len(settings["sdk_defaults"])}.items(), key=lambda entry: -entry[1])[:3]
    raise ValueError(
        f"the lifecycle script has {size(script)} bytes, SageMaker takes {MAX_BYTES}; "
        f"shorten what is longest: {', '.join(f'{name} ({length})' for name, length in longest)}"
    )
