"""Where things lie."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config"
MODELS = ROOT / "models"


def state_dir() -> Path:
    """Folder for what a running embedded AWS and the demo leave behind; MLP_STATE_DIR overrides."""
    folder = Path(os.environ.get("MLP_STATE_DIR", ROOT / ".local"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
