"""bundle.pyz setup BASE LOGS UNITS SYSTEMD: starts the agent, then installs the rest.

Runs in the background of the lifecycle script, as root, on the system Python.
"""

from __future__ import annotations

import sys
from pathlib import Path

from setup.install import attempt, install
from setup.programs import Programs


def main() -> int:
    """Do both; what fails is said."""
    base, *places = sys.argv[2:]
    attempt("agent", Programs(base, *places).start)
    install(Path(base))
    return 0
