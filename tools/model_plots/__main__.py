"""Draws docs/images/models/<name>.svg for the models named, or for all, and notes their figures in docs/models/figures.json.

usage: .venv/bin/python -m tools.model_plots [NAME | NAME=EVALUATION_JSON ...]

matplotlib comes with: .venv/bin/uv pip install --group docs --constraints requirements-dev.txt

The same evaluation gives the same file, byte for byte. A model's scripts run here unless an evaluation.json is given.
"""

import importlib
import io
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from mlp.models.check import image_of, model_and_data
from mlp.models.scripts import ModelScripts
from mlp.platform.paths import MODELS, ROOT
from tools.model_plots import HEIGHT, STYLE, WIDTH

IMAGES = ROOT / "docs/images/models"
FIGURES = ROOT / "docs/models/figures.json"


def evaluated(model: str) -> dict[str, Any]:
    """Run the model's scripts on its own data; return evaluation.json."""
    definition, files = model_and_data(model)
    with tempfile.TemporaryDirectory(prefix=f"plot-{model}-") as work:
        scripts = ModelScripts(definition, MODELS / model, Path(work), image_of(definition))
        scripts.prepare(files)
        scripts.train()
        scripts.evaluate()
        found: dict[str, Any] = scripts.evaluation()
        return found


def drawn(model: str, evaluation: dict[str, Any]) -> str:
    """Return the picture as SVG."""
    style, figures = importlib.import_module("matplotlib"), importlib.import_module("matplotlib.figure")
    module = importlib.import_module(f"tools.model_plots.{model.replace('-', '_')}")
    with style.rc_context(STYLE):
        figure = figures.Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        module.draw(evaluation["plots"], evaluation["metrics"], figure)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    return shortened(target.getvalue())


def shortened(svg: str) -> str:
    """Return the picture with coordinates in hundredths of a point, and no blanks at line ends; scales stay exact."""
    rounded = re.sub(r"scale\([^)]*\)|-?\d+\.\d{3,}", _hundredths, svg)
    return "\n".join(line.rstrip() for line in rounded.splitlines()) + "\n"


def _hundredths(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("scale") else f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def noted(model: str, metrics: dict[str, float]) -> None:
    """Write the metrics, to six digits, beside the pages that quote them."""
    figures = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    figures[model] = {name: float(f"{value:.6g}") for name, value in metrics.items()}
    FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")


def main(arguments: list[str]) -> None:
    """Draw each model named."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for argument in arguments or sorted(path.parent.name for path in MODELS.glob("*/model.yaml")):
        model, _, given = argument.partition("=")
        evaluation = json.loads(Path(given).read_text()) if given else evaluated(model)
        svg = drawn(model, evaluation)
        (IMAGES / f"{model}.svg").write_text(svg)
        noted(model, evaluation["metrics"])
        print(f"{model}: {len(svg) / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
