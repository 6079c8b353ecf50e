"""Writes what is generated from the settings: config/schema.json, config/model.schema.json, docs/configuration.md.

Editors read the schemas through each YAML file's first line.

Usage: python -m settings.schema [--check]
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from platform_contract.project import ROOT
from settings.model import ModelDefinition
from settings.reference import render
from settings.root import Environment


def generated() -> dict[Path, str]:
    """Return the content of each generated file."""
    return {
        ROOT / "config/schema.json": _schema(Environment),
        ROOT / "config/model.schema.json": _schema(ModelDefinition),
        ROOT / "docs/configuration.md": render(),
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` say which of them are out of date."""
    stale = {path: text for path, text in generated().items() if not path.is_file() or path.read_text() != text}
    if "--check" in arguments:
        if stale:
            sys.stderr.write(f"out of date: {', '.join(map(str, stale))}; run: make schema\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text)
    return 0


def _schema(model: type[BaseModel]) -> str:
    return json.dumps(model.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
