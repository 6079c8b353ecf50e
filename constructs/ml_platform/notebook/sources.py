"""Where the sources of what runs on an instance lie: in the wheel beside this library, else in the repository."""

from pathlib import Path

_HERE = Path(__file__).parents[1]
SOURCES = next(folder for folder in (_HERE / "_notebook", _HERE.parents[1] / "notebook") if folder.is_dir())
