"""The platform as data: one frozen, validated tree from `config/<env>.yaml` and `models/*/model.yaml`.

Where a new setting goes: into the section that its stack receives, with a description, a range and a default.
"""

from settings.errors import SettingsError
from settings.loader import load_settings
from settings.root import ModelSettings, Settings

__all__ = ["ModelSettings", "Settings", "SettingsError", "load_settings"]
