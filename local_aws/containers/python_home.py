"""A Python of its own for what runs contained: it sees what the embedded AWS has installed, and installs into itself only."""

import sys
import sysconfig
import venv
from importlib.metadata import entry_points
from pathlib import Path

_SCRIPT = """\
#!/bin/sh
''':'
exec "$(dirname "$0")/python" "$0" "$@"
'''
import sys
from {module} import {start}
sys.exit({function}())
"""
"""A console script that finds its interpreter beside itself: its second line is a command to the shell, a string to Python."""


def create(folder: Path, seen: str | None = None, behind: str = sys.prefix) -> Path:
    """Make the environment in `folder` and return its interpreter.

    `pip` there installs into that environment; the packages of the embedded AWS's own come behind, through a .pth file. Where
    its programs see it elsewhere, `seen` says where, and `behind` where they see the embedded AWS's own environment.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    places = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=places))
    own = Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (packages / "embedded_aws.pth").write_text(f"{behind}/{own}\n")
    for script in (folder / "bin").glob("[aA]ctivate*"):
        script.write_text(script.read_text().replace(str(folder), seen or str(folder)))
    for entry in entry_points(group="console_scripts"):
        script = folder / "bin" / entry.name
        if not script.exists():
            start = entry.attr.partition(".")[0]
            script.write_text(_SCRIPT.format(module=entry.module, start=start, function=entry.attr))
            script.chmod(0o755)
    return folder / "bin/python"
