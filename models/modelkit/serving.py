"""What every serve.py has in common; travels inside the artifact."""

import json
import os
from pathlib import Path
from typing import Any

import joblib

VERSION = os.environ.get("MODEL_PACKAGE_ARN", "").rpartition("/")[2] or "unregistered"
"""Version in the model registry that this server runs."""


def load(model_dir: str) -> dict[str, Any]:
    """Return what `artifact.save` was given."""
    parts: dict[str, Any] = joblib.load(Path(model_dir) / "model.joblib")
    return parts


def input_fn(body: str | bytes, content_type: str) -> list[dict[str, Any]]:
    """Return the items of a JSON request `{"instances": [{...}, ...]}`."""
    if content_type.partition(";")[0].strip() != "application/json":
        raise ValueError(f"content type {content_type!r} is not served; send application/json")
    instances: list[dict[str, Any]] = json.loads(body)["instances"]
    return instances


def answer(predictions: list[Any]) -> dict[str, Any]:
    """Return the answer for `predictions`, one per instance."""
    return {"predictions": predictions, "model_version": VERSION}


def output_fn(content: dict[str, Any], _accept: str) -> tuple[str, str]:
    """Return the answer as JSON."""
    return json.dumps(content), "application/json"
