"""start.pyz BASE SDK_DEFAULTS LOGS UNITS SYSTEMD, with the settings as JSON on the standard input.

Writes the settings, and goes on in the background: obtains the bundle and runs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from idle_agent.background import go_on
from start.bundle import obtain


def main() -> None:
    """Do what each start needs; what fails is said and keeps nothing else from being done."""
    base, sdk_defaults, *places = sys.argv[1:]
    settings = json.load(sys.stdin)
    bundle = f"{base}/bundle.pyz"
    for name in ("idle", "platform"):
        write(f"{base}/{name}.json", json.dumps(settings[name]))
    write(sdk_defaults, settings["sdk_defaults"])

    def rest() -> None:
        obtain(bundle, settings["bundle"], settings["idle"])
        subprocess.run([sys.executable, "-I", bundle, "setup", base, *places], check=False)

    go_on(rest, f"{places[0]}-install.log")


def write(path: str, text: str) -> None:
    """Write a file and its folder; say what goes wrong."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
    except OSError as problem:
        print(problem, file=sys.stderr)
