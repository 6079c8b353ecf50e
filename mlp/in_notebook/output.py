"""Progress in plain lines, which a notebook cell, a terminal and a log show alike."""

import sys


def write_line(text: str) -> None:
    """Show one line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
