"""Writes config/schema.json and config/model.schema.json, which editors read through each YAML file's first line.

Usage: python -m stacks.settings.schema [--check]
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from stacks.settings.loader import REPOSITORY
from stacks.settings.model import ModelDefinition
from stacks.settings.root import Environment

TARGETS: dict[str, type[BaseModel]] = {"schema.json": Environment, "model.schema.json": ModelDefinition}


def main(arguments: list[str]) -> int:
    """Write the schemas, or with `--check` say which of them are out of date."""
    stale = []
    for name, model in TARGETS.items():
        path = REPOSITORY / "config" / name
        text = json.dumps(model.model_json_schema(), indent=2) + "\n"
        if not path.is_file() or path.read_text() != text:
            stale.append(path)
            _write_unless_checking(path, text, arguments)
    if stale and "--check" in arguments:
        sys.stderr.write(f"out of date: {', '.join(map(str, stale))}; run: make schema\n")
        return 1
    return 0


def _write_unless_checking(path: Path, text: str, arguments: list[str]) -> None:
    if "--check" not in arguments:
        path.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
