"""Where the platform's own files lie: its configuration, its models, its app."""

from pathlib import Path

_HERE = Path(__file__).resolve().parents[1]
ROOT = _HERE if (_HERE / "cdk.json").is_file() else Path.cwd()
"""The checkout that this file is in; of an installed package, the folder in which it is used."""
