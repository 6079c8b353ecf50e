"""The commands on a model's folder: begin one, try one. Neither needs any AWS."""

import time
from pathlib import Path
from typing import Annotated

import typer

from mlp.models.check import check as check_model
from mlp.models.new import new_model, next_steps
from mlp.platform import show
from mlp.platform.paths import ROOT

app = typer.Typer()


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the model: the folder to make under models/.")],
    like: Annotated[str, typer.Option(help="Use case (such as classification), or a model, whose folder is copied.")],
) -> None:
    """Begin a model as a copy of one with the same use case; it passes `mlp check` at once."""
    folder = new_model(name, like)
    show.console.print(f"[green]✓[/green] {folder.relative_to(ROOT)}")
    show.console.print(next_steps(name), markup=False)


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="Model: a folder under models/.")],
    data: Annotated[list[Path] | None, typer.Option(help="Raw data file; can be repeated. Default: the model's own.")] = None,
) -> None:
    """Run prepare, train, evaluate and serve on this machine, without any AWS."""
    started = time.perf_counter()
    for finding in check_model(model, data or [], lambda text: show.console.print(f"  {text}", markup=False)):
        show.console.print(f"[green]✓[/green] {finding.script:<12} {finding.seconds:5.1f} s  ", end="")
        show.console.print(finding.said, markup=False, style="dim")
    show.console.print(f"{model} keeps its contract ({time.perf_counter() - started:.1f} s)")
