"""Where tools keep what they may lose: in the user's home, or in .local where there is none to write to."""

import os
from pathlib import Path

from mlp.platform.paths import ROOT


def cache_variables() -> dict[str, str]:
    """Return the variables that lead the CDK, jsii and uv to .local; none where the home can be written."""
    if os.access(Path(os.environ.get("HOME") or "/nonexistent"), os.W_OK):
        return {}
    caches = ROOT / ".local/cache"
    caches.mkdir(parents=True, exist_ok=True)
    return {
        "CDK_HOME": str(caches / "cdk"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(caches / "jsii"),
        "UV_CACHE_DIR": str(caches / "uv"),
    }
