"""The main job, from nothing to a prediction: what `make demo` runs."""

import json
import time
from pathlib import Path
from typing import Any

from mlp import local, prediction, registry, show, training
from mlp.demo_notebook import DemoNotebook
from mlp.deployment import deploy_locally
from mlp.environment import PlatformEnvironment
from mlp.paths import MODELS, state_dir
from mlp.registry import Version

MODEL = "spam"
ENVIRONMENT = "local"
NOTEBOOK = "demo"
CLOCK = 60
"""Seconds of prescribed waiting that pass in one: nobody wants to watch a notebook being idle for half an hour."""
RELEASE_MINUTES = 10
PATIENCE_SECONDS = 60
"""Longest wait for the notebook's sleep beyond its idle minutes."""


def run(port: int, *, retrain: bool = False) -> dict[str, Any]:
    """Deploy, train, release and ask; return the figures, which also go to demo.json in the state folder.

    On a running platform whose data and pipeline have not changed, nothing is trained or released again unless `retrain`.
    """
    started, seconds = time.perf_counter(), dict[str, float]()
    environment = deploy_locally(ENVIRONMENT, port, seconds, clock=local.clock_of_caller(CLOCK))
    data = MODELS / MODEL / environment.settings.models[MODEL].definition.data
    with show.step(f"Upload {data.name}", seconds, "upload"):
        uri = training.upload(environment, MODEL, data)
    version = None if retrain else _still_valid(environment, uri)
    notebook = _work_in_notebook(environment, seconds) if version is None else None
    if version is None:
        version = _train_and_release(environment, seconds)
    else:
        show.console.print(
            f"[green]✓[/green] Version {version.number} serves; data and pipeline are unchanged since it was trained"
        )
    with show.step("Predict through the HTTP API", seconds, "predict"):
        answer = prediction.predict(environment, MODEL, [prediction.sample_of(environment, MODEL)])
    if notebook is not None:
        _watch_it_sleep(environment, notebook, seconds)
    seconds["total"] = round(time.perf_counter() - started, 2)
    return _conclude(environment, version, answer, seconds)


def _work_in_notebook(environment: PlatformEnvironment, seconds: dict[str, float]) -> DemoNotebook:
    notebook = DemoNotebook(environment, NOTEBOOK)
    with show.step(f"Start notebook {NOTEBOOK}, run a cell, leave", seconds, "notebook") as tell:
        said = notebook.work(tell)
    show.console.print(f"    {said}", style="dim", markup=False)
    return notebook


def _watch_it_sleep(environment: PlatformEnvironment, notebook: DemoNotebook, seconds: dict[str, float]) -> None:
    minutes = environment.settings.notebooks[NOTEBOOK].idle_minutes
    clock = environment.embedded.clock if environment.embedded else 1
    wait = minutes * 60 / clock
    title = f"Notebook {NOTEBOOK} stops itself after {minutes} idle minutes ({wait:.0f} s on this clock)"
    with show.step(title, seconds, "sleep") as tell:
        seconds["asleep after"] = round(notebook.sleep(wait + PATIENCE_SECONDS, tell), 2)


def _train_and_release(environment: PlatformEnvironment, seconds: dict[str, float]) -> Version:
    with show.step("Train: prepare, train, evaluate, gate, register", seconds, "train") as tell:
        arn = training.start(environment, MODEL)
        run = training.follow(environment, arn, lambda step: tell(f"{step.name}: {step.status}"))
    seconds |= {f"train.{step.name}": round(step.seconds, 2) for step in run.steps}
    version = registry.pick(environment, MODEL, run.version)
    with show.step(f"Approve version {version.number} and release it", seconds, "release") as tell:
        registry.release(environment, MODEL, version, "approved by the demo", RELEASE_MINUTES, tell)
    return version


def _still_valid(environment: PlatformEnvironment, data_uri: str) -> Version | None:
    """Return the version that serves, if neither its data nor its pipeline changed since it was made."""
    number = registry.served(environment, MODEL)
    if number is None:
        return None
    version = registry.pick(environment, MODEL, number)
    bucket, _, key = data_uri.removeprefix("s3://").partition("/")
    data = environment.client("s3").head_object(Bucket=bucket, Key=key)
    pipeline = environment.client("sagemaker").describe_pipeline(PipelineName=environment.model_name(MODEL))
    unchanged = max(data["LastModified"], pipeline["LastModifiedTime"]) <= version.created
    return version if unchanged else None


def _conclude(
    environment: PlatformEnvironment, version: Version, answer: dict[str, Any], seconds: dict[str, float]
) -> dict[str, Any]:
    metrics = registry.metrics(environment, version)
    figures = {
        "url": prediction.url_of(environment, MODEL),
        "endpoint": environment.model_name(MODEL),
        "version": version.number,
        "accuracy": metrics["accuracy"],
        "answer": answer,
        "seconds": seconds,
    }
    path = state_dir() / "demo.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    _summarize(figures, metrics, path)
    return figures


def _slept(seconds: dict[str, float]) -> list[tuple[str, str]]:
    if "asleep after" not in seconds:
        return []
    return [("notebook", f"{NOTEBOOK}, asleep {seconds['asleep after']:.1f} s after its last cell")]


def _summarize(figures: dict[str, Any], metrics: dict[str, float], path: Path) -> None:
    show.console.print()
    first = figures["answer"]["predictions"][0]
    show.pairs(
        [
            ("model", f"{MODEL} version {figures['version']}"),
            (
                "test accuracy",
                f"{metrics['accuracy']:.3f} (always the commoner class: {metrics['baseline_accuracy']:.3f})",
            ),
            ("answer", f"{first['class']}, probability {first['probability']:.3f}"),
            ("endpoint", figures["endpoint"]),
            *_slept(figures["seconds"]),
            ("url", figures["url"]),
            ("seconds", f"{figures['seconds']['total']:.1f} (by step: {path})"),
        ]
    )
    show.console.print("\n[bold]Try next[/bold], after: source .venv/bin/activate")
    show.pairs(
        [
            (f"mlp predict {MODEL}", "ask the model again"),
            ("mlp status", "where every model stands"),
            (f"mlp logs {MODEL} --part train", "what the training wrote"),
            (f"mlp train {MODEL}", "train a new version"),
            (f"mlp approve {MODEL}", "release it, blue/green"),
            (f"mlp notebook start {NOTEBOOK}", "wake the notebook ..."),
            (f"mlp notebook open {NOTEBOOK}", "... and open it"),
            ("make down", "stop everything; then make up starts it at real time"),
        ]
    )
