"""What the demo ends with: one model in lines, several in a table, and what to try next."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlp.platform import show

ANSWER_WIDTH = 66


def print_summary(models: Mapping[str, Mapping[str, Any]], seconds: Mapping[str, float], path: Path, notebook: str) -> None:
    """Print the figures of `models`, by name, and the commands that go on from here."""
    show.console.print()
    asleep = f"{notebook}, asleep {seconds['asleep after']:.1f} s after its last cell" if "asleep after" in seconds else None
    several = len(models) > 1
    if several:
        _table(models)
        show.console.print()
    show.pairs(
        [
            *([] if several else _lines(*next(iter(models.items())))),
            *([("notebook", asleep)] if asleep else []),
            ("seconds", f"{seconds['total']:.1f} (by step: {path})"),
        ]
    )
    _next_steps(next(iter(models)), notebook)


def _lines(name: str, figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    beaten = f" (baseline: {figures['baseline']:.3f})" if figures["baseline"] is not None else ""
    return [
        ("model", f"{name} version {figures['version']}"),
        (f"test {figures['metric']}", f"{figures['value']:.3f}{beaten}"),
        ("answer", in_short(figures["answer"]["predictions"][0])),
        ("endpoint", figures["endpoint"]),
        ("url", figures["url"]),
    ]


def _table(models: Mapping[str, Mapping[str, Any]]) -> None:
    columns = ["model", "metric", "test", "baseline", "seconds", "endpoint"]
    rows = [
        [
            name,
            figures["metric"],
            _figure(figures["value"]),
            "-" if figures["baseline"] is None else _figure(figures["baseline"]),
            f"{sum(value for key, value in figures['seconds'].items() if '.' not in key):.1f}",
            figures["endpoint"],
        ]
        for name, figures in models.items()
    ]
    show.table(columns, rows)
    show.console.print("\nWhat they answer to their samples:")
    show.pairs([(name, in_short(figures["answer"]["predictions"][0])) for name, figures in models.items()])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def in_short(prediction: Any, width: int = ANSWER_WIDTH) -> str:
    """Return a prediction as one line of at most `width` characters."""
    text = _words(prediction)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _words(value: Any) -> str:
    if isinstance(value, dict):
        # An entry of a list is known by what it is called; the whole answer is in demo.json.
        called = next((value[key] for key in ("title", "feature") if key in value), None)
        return str(called) if called else ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(map(_words, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)


def _next_steps(model: str, notebook: str) -> None:
    show.console.print("\n[bold]Try next[/bold], after: source .venv/bin/activate")
    show.pairs(
        [
            (f"mlp predict {model}", "ask the model again"),
            ("mlp status", "where every model stands"),
            (f"mlp data show {model}", "what it was trained on"),
            (f"mlp logs {model} --part train", "what the training wrote"),
            (f"mlp train {model}", "train a new version"),
            (f"mlp approve {model}", "read its gate and release it, blue/green"),
            (f"mlp notebook start {notebook}", "wake the notebook ..."),
            (f"mlp notebook open {notebook}", "... and open it"),
            ("make demo MODELS=all", "all six use cases"),
            ("make down", "stop everything; then make up starts it at real time"),
        ]
    )
