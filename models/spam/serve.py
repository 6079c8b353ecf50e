"""Answers requests; travels inside the artifact and imports nothing of the platform."""

import json
import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

VERSION = os.environ.get("MODEL_PACKAGE_ARN", "").rpartition("/")[2] or "unregistered"


def model_fn(model_dir: str) -> dict[str, Any]:
    """Load the artifact."""
    artifact: dict[str, Any] = joblib.load(Path(model_dir) / "model.joblib")
    return artifact


def input_fn(body: str | bytes, content_type: str) -> list[dict[str, Any]]:
    """Return the items of a JSON request `{"instances": [{...}, ...]}`."""
    if content_type.partition(";")[0].strip() != "application/json":
        raise ValueError(f"content type {content_type!r} is not served; send application/json")
    instances: list[dict[str, Any]] = json.loads(body)["instances"]
    return instances


def predict_fn(instances: list[dict[str, Any]], artifact: dict[str, Any]) -> dict[str, Any]:
    """Return for each item its class and the probability of that class."""
    table = pd.DataFrame(instances, columns=artifact["features"], dtype=float)
    spam = artifact["model"].predict_proba(table)[:, 1].tolist()
    predictions = [{"class": "spam" if p >= 0.5 else "wanted", "probability": round(max(p, 1 - p), 6)} for p in spam]
    return {"predictions": predictions, "model_version": VERSION}


def output_fn(answer: dict[str, Any], _accept: str) -> tuple[str, str]:
    """Return the answer as JSON."""
    return json.dumps(answer), "application/json"
