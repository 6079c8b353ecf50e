"""Unpacking of archives that somebody else packed."""

import tarfile
from pathlib import Path
from typing import Any

SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python before 3.11.4 knows no filters."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive into `folder`; nothing of it may land elsewhere.

    Raises
    ------
    tarfile.TarError, OSError, EOFError
        If it is no such archive, or has a member that would.
    """
    with tarfile.open(archive) as opened:
        if not SAFELY:
            for member in opened.getmembers():
                _refuse_what_leaves(member, folder.resolve())
        opened.extractall(folder, **SAFELY)  # noqa: S202 - filtered or checked


def _refuse_what_leaves(member: tarfile.TarInfo, folder: Path) -> None:
    """Raise TarError for what Python's own filter refuses, as far as an artifact can have it."""
    inside = (folder / member.name).resolve().is_relative_to(folder)
    if not inside or member.name.startswith("/") or not (member.isfile() or member.isdir()):
        raise tarfile.ExtractError(f"{member.name!r} would not stay in the folder, or is neither file nor folder")
