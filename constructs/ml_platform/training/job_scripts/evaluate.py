"""Runs the model's own evaluate.py twice on one test set: on the new artifact, and on that of the version that serves.

Usage, in the folder of the code: python3 job_scripts/evaluate.py --model DIR --deployed DIR --test DIR --output DIR

DEPLOYED_VERSION in the environment names the version that serves; `none` skips the second run. What the second run writes goes
to `<output>/deployed/`. If it fails, its last lines go to `<output>/deployed/failed.txt` and the job goes on: whether that
matters is the gate's to say.
"""

import argparse
import os
import subprocess
import sys
from collections import deque
from pathlib import Path

NO_VERSION = "none"
LAST_LINES = 5
"""Of a failed run that are kept: enough for an exception with its place."""


def evaluate(model: Path, test: Path, output: Path) -> list[str]:
    """Return the command that judges the artifact in `model`."""
    return [sys.executable, "evaluate.py", "--model", str(model), "--test", str(test), "--output", str(output)]


def evaluate_deployed(version: str, model: Path, test: Path, output: Path) -> None:
    """Judge the version that serves; a failure is written down, not raised."""
    output.mkdir(parents=True, exist_ok=True)
    print(f"deployed version {version}, on the same test set:", flush=True)  # noqa: T201 - a job's log is its output
    command = evaluate(model, test, output)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as run:  # noqa: S603
        assert run.stdout is not None
        last: deque[str] = deque(maxlen=LAST_LINES)
        for line in run.stdout:
            sys.stdout.write(line)
            last.append(line)
    if run.returncode:
        (output / "evaluation.json").unlink(missing_ok=True)
        text = "".join(last) or f"evaluate.py ended with exit code {run.returncode} and no output\n"
        (output / "failed.txt").write_text(text, encoding="utf-8")


def main() -> None:
    """Judge both; end as the run on the new artifact ended."""
    parser = argparse.ArgumentParser()
    for name in ("--model", "--deployed", "--test", "--output"):
        parser.add_argument(name, type=Path, required=True)
    arguments = parser.parse_args()
    new = subprocess.run(evaluate(arguments.model, arguments.test, arguments.output), check=False)  # noqa: S603
    if new.returncode:
        sys.exit(new.returncode)
    version = os.environ.get("DEPLOYED_VERSION", NO_VERSION)
    if version != NO_VERSION:
        evaluate_deployed(version, arguments.deployed, arguments.test, arguments.output / "deployed")


if __name__ == "__main__":
    main()
