"""The main job, from nothing to a prediction: what `make demo` runs."""

import json
import time
from pathlib import Path
from typing import Any

from mlp import prediction, registry, show, training
from mlp.deployment import deploy_locally
from mlp.environment import PlatformEnvironment
from mlp.paths import MODELS, state_dir
from mlp.registry import Version

MODEL = "spam"
ENVIRONMENT = "local"
RELEASE_MINUTES = 10


def run(port: int, *, retrain: bool = False) -> dict[str, Any]:
    """Deploy, train, release and ask; return the figures, which also go to demo.json in the state folder.

    On a running platform whose data and pipeline have not changed, nothing is trained or released again unless `retrain`.
    """
    started, seconds = time.perf_counter(), dict[str, float]()
    environment = deploy_locally(ENVIRONMENT, port, seconds)
    data = MODELS / MODEL / environment.settings.models[MODEL].definition.data
    with show.step(f"Upload {data.name}", seconds, "upload"):
        uri = training.upload(environment, MODEL, data)
    version = None if retrain else _still_valid(environment, uri)
    if version is None:
        version = _train_and_release(environment, seconds)
    else:
        show.console.print(
            f"[green]✓[/green] Version {version.number} serves; data and pipeline are unchanged since it was trained"
        )
    with show.step("Predict through the HTTP API", seconds, "predict"):
        answer = prediction.predict(environment, MODEL, [prediction.sample_of(environment, MODEL)])
    seconds["total"] = round(time.perf_counter() - started, 2)
    return _conclude(environment, version, answer, seconds)


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
            ("make down", "stop everything"),
        ]
    )
