"""Each model's quality on its test set, beside its baseline and its reference, all on the same split; seconds of its scripts."""

import tempfile
from pathlib import Path
from typing import Any

from mlp.models.check import image_of, model_and_data
from mlp.models.scripts import ModelScripts
from mlp.platform.paths import MODELS


def run() -> dict[str, Any]:
    """Run every model's scripts once; they are deterministic, so the figures are exact and only the seconds vary."""
    return {folder.parent.name: _measure(folder.parent.name) for folder in sorted(MODELS.glob("*/model.yaml"))}


def _measure(model: str) -> dict[str, Any]:
    definition, files = model_and_data(model)
    with tempfile.TemporaryDirectory(prefix=f"bench-{model}-") as work:
        scripts = ModelScripts(definition, MODELS / model, Path(work), image_of(definition))
        steps = {"prepare": scripts.prepare(files), "train": scripts.train(), "evaluate": scripts.evaluate()}
        evaluation = scripts.evaluation()
    rule = next((rule for rule in definition.gate if rule.baseline), definition.gate[0])
    metrics = evaluation["metrics"]
    return {
        "use case": definition.use_case,
        "metric": rule.metric,
        "better": "higher" if rule.minimum is not None else "lower",
        "value": round(metrics[rule.metric], 4),
        "baseline": round(metrics[rule.baseline], 4) if rule.baseline else None,
        "references": {name: round(value, 4) for name, value in metrics.items() if name.startswith("reference_")},
        "test rows": metrics.get("test_rows"),
        "seconds": {name: round(done.seconds, 2) for name, done in steps.items()},
        "model_sha256": evaluation["model_sha256"],
    }
