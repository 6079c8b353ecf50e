"""The main job, from nothing to a prediction: what `make demo` runs."""

import json
import time
from collections.abc import Sequence
from typing import Any

from mlp.demo import summary as demo_summary
from mlp.demo.model import DemoModel
from mlp.demo.notebook import DemoNotebook
from mlp.deployment import local
from mlp.deployment.deploy import deploy_locally
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment, settings_of
from mlp.platform.errors import MlpError
from mlp.platform.paths import state_dir

MODEL = "spam"
"""What the demo runs by default, and what its notebook looks at."""
ALL = "all"
ENVIRONMENT = "local"
NOTEBOOK = "demo"
CLOCK = 60
"""Seconds of prescribed waiting that pass in one: nobody wants to watch a notebook being idle for half an hour."""
PATIENCE_SECONDS = 60
"""Longest wait for the notebook's sleep beyond its idle minutes."""


def run(port: int, *, retrain: bool = False, models: Sequence[str] = (MODEL,)) -> dict[str, Any]:
    """Deploy, train, release and ask `models`; return the figures, which also go to demo.json in the state folder.

    On a running platform nothing is trained or released again whose data and pipeline have not changed, unless `retrain`.
    """
    started, seconds = time.perf_counter(), dict[str, float]()
    names = _chosen(models)
    clock = local.clock_of_caller(CLOCK)
    environment = deploy_locally(ENVIRONMENT, port, seconds, clock=clock, models=names)
    shown = [DemoModel(environment, name) for name in names]
    notebook = None
    for model in shown:
        dataset = model.put_data()
        valid = None if retrain else model.valid_version(dataset)
        if valid is None:
            if model.name == MODEL:
                notebook = _work_in_notebook(environment, seconds)
            model.train_and_release(dataset)
        else:
            model.version = valid
            say = f"{model.name} version {valid.number} serves; data and pipeline are unchanged since it was trained"
            show.console.print(f"[green]✓[/green] {say}")
        model.ask()
    if notebook is not None:
        _watch_it_sleep(environment, notebook, seconds)
    seconds["total"] = round(time.perf_counter() - started, 2)
    return _conclude(shown, seconds)


def _chosen(models: Sequence[str]) -> list[str]:
    known = list(settings_of(ENVIRONMENT).models)
    unknown = [name for name in models if name not in (*known, ALL)]
    if unknown:
        raise MlpError(
            f"models: there is no {', '.join(unknown)} in config/{ENVIRONMENT}.yaml; choose from {', '.join(known)}, or {ALL}"
        )
    return known if ALL in models else list(dict.fromkeys(models))


def _work_in_notebook(environment: PlatformEnvironment, seconds: dict[str, float]) -> DemoNotebook:
    notebook = DemoNotebook(environment, NOTEBOOK)
    with show.step(f"Start notebook {NOTEBOOK}, run a cell, leave", seconds, "notebook") as report:
        said = notebook.work(report)
    show.console.print(f"    {said}", style="dim", markup=False)
    return notebook


def _watch_it_sleep(environment: PlatformEnvironment, notebook: DemoNotebook, seconds: dict[str, float]) -> None:
    minutes = environment.settings.notebooks[NOTEBOOK].idle_minutes
    clock = environment.embedded.clock if environment.embedded else 1
    wait = minutes * 60 / clock
    title = f"Notebook {NOTEBOOK} stops itself after {minutes} idle minutes ({wait:.0f} s on this clock)"
    with show.step(title, seconds, "sleep") as report:
        seconds["asleep after"] = round(notebook.sleep(wait + PATIENCE_SECONDS, report), 2)


def _conclude(models: Sequence[DemoModel], seconds: dict[str, float]) -> dict[str, Any]:
    by_model = {model.name: model.figures() for model in models}
    figures = {"models": by_model, "seconds": seconds}
    path = state_dir() / "demo.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    demo_summary.print_summary(by_model, seconds, path, NOTEBOOK)
    return figures
