"""Draws the picture of each model's page in docs/models, from what its evaluate.py measured.

One module per model, with `draw(plots, metrics, figure)`: `plots` and `metrics` are those of evaluation.json, `figure` is a
matplotlib Figure of `WIDTH` x `HEIGHT` inches. What is here keeps the pictures alike. matplotlib is imported by the runner
alone, so that the modules can be read without it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 8.4, 3.6
"""Inches; GitHub shows 8.4 inches as 806 pixels."""
INK, QUIET, RULE = "#1f2933", "#697586", "#d5dae1"
MODEL, BASELINE, REFERENCE, ALARM = "#1f6feb", "#9aa5b1", "#e0912f", "#c93c37"
"""The trained model, the trivial answer, the reference of the literature, and what is wrong."""
SHADES = ("#c3ccd6", "#8cc7c9", "#4a9bd8", "#2b62c0", "#152c5b", "#e0912f", "#c93c37", "#6b4fa0")
"""Colours of ordered groups, from little to much."""

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": RULE,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e9ecf0",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "path.simplify": False,  # it would drop the dots
    "svg.fonttype": "path",
    "svg.hashsalt": "model_plots",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def dots(axes: Any, places: Sequence[tuple[float, float]], colour: str, size: float = 3.5) -> None:
    """Draw many dots as one path, a tenth of the bytes of markers."""
    across = [value for x, _ in places for value in (x, x, float("nan"))]
    up = [value for _, y in places for value in (y, y, float("nan"))]
    axes.plot(across, up, color=colour, linewidth=size, solid_capstyle="round")


def compare(axes: Any, title: str, values: Mapping[str, float], colours: Sequence[str], label: str = "{:.3f}") -> None:
    """Draw horizontal bars: the model and what it is compared with, each with its figure."""
    names = list(values)
    bars = axes.barh(names, list(values.values()), color=list(colours)[: len(names)], height=0.6)
    axes.bar_label(bars, [label.format(value) for value in values.values()], padding=4)
    axes.invert_yaxis()
    axes.set_title(title)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.18)
