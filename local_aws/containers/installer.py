"""uv, which finds Pythons and installs packages."""

import os
import subprocess
from collections.abc import Mapping

from uv import find_uv_bin

from platform_contract.project import ROOT

CACHES = ROOT / ".local/cache"
"""In place of those in the home of whoever has none that can be written to."""


def uv(
    *words: str, variables: Mapping[str, str] | None = None, seconds: float | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run uv with more `variables`; return what came of it.

    Raises
    ------
    OSError, subprocess.TimeoutExpired
        If it cannot be started, or takes longer than `seconds`.
    """
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
    if not os.access(os.environ.get("HOME") or "/nonexistent", os.W_OK):
        environment.setdefault("UV_CACHE_DIR", str(CACHES / "uv"))
        environment.setdefault("UV_PYTHON_INSTALL_DIR", str(CACHES / "python"))
    return subprocess.run(  # noqa: S603
        [find_uv_bin(), *words],
        env={**environment, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
