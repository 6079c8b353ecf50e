"""Writes the locks of pyproject.toml's dependency groups: each package at one version, with hashes, for every Python promised.

usage: python tools/lock.py [--check | --upgrade]

requirements.txt      what deploys and asks, and nothing of the embedded AWS: pip install -r requirements.txt
requirements-dev.txt  all of it, for `make`
requirements-sdk.txt  the SageMaker SDK, which wants other versions

Versions that are locked stay, unless --upgrade asks for the newest ones that fit. --check writes nothing, and fails where the
groups ask for something else than the locks hold.
"""

import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parent.parent
OLDEST = "3.11"
LOCKS = {
    "requirements.txt": ("deploy",),
    "requirements-dev.txt": ("deploy", "local", "check", "docs"),
    "requirements-sdk.txt": ("sdk",),
}
HEAD = """# {groups}: locked by tools/lock.py from the groups in pyproject.toml; do not edit.
"""


def main(arguments: list[str]) -> int:
    """Write or check the locks."""
    if arguments not in ([], ["--check"], ["--upgrade"]):
        sys.stderr.write(str(__doc__))
        return 2
    stale = []
    for name, groups in LOCKS.items():
        before = (ROOT / name).read_text(encoding="utf-8") if (ROOT / name).is_file() else ""
        locked = HEAD.format(groups=", ".join(groups)) + _resolved(groups, "" if "--upgrade" in arguments else before)
        if "--check" not in arguments:
            (ROOT / name).write_text(locked, encoding="utf-8")
        elif locked != before:
            stale.append(name)
    if stale:
        sys.stderr.write(f"{', '.join(stale)} do not hold what pyproject.toml asks for; write them anew with: make lock\n")
    return 1 if stale else 0


def _resolved(groups: tuple[str, ...], locked: str) -> str:
    """Return the pins of some groups; what `locked` pins is preferred."""
    words = [word for group in groups for word in ("--group", group)]
    output = ROOT / ".local/lock.txt"
    output.parent.mkdir(exist_ok=True)
    output.write_text(locked, encoding="utf-8")
    options = ["--universal", "--python-version", OLDEST, "--generate-hashes", "--no-annotate", "--no-header", "--quiet"]
    subprocess.run(
        [find_uv_bin(), "pip", "compile", *words, *options, "--no-emit-index-url", "--output-file", str(output)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return output.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
