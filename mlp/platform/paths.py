"""Where things lie."""

import os
from pathlib import Path

from platform_contract.project import ROOT

__all__ = ["MODELS", "ROOT", "config_dir", "state_dir"]
MODELS = ROOT / "models"


def config_dir() -> Path:
    """Folder of the environments' files; MLP_CONFIG_DIR overrides, for those who keep them in a repository of their own."""
    return Path(os.environ.get("MLP_CONFIG_DIR", ROOT / "config"))


def state_dir() -> Path:
    """Folder for what a running embedded AWS and the demo leave behind; MLP_STATE_DIR overrides."""
    folder = Path(os.environ.get("MLP_STATE_DIR", ROOT / ".local"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
