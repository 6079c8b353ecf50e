"""Runs a model's four scripts on this machine, without any AWS: the contract test before a deployment."""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp.errors import Failed, MlpError
from mlp.paths import MODELS
from stacks.settings import SettingsError
from stacks.settings.loader import load_definition
from stacks.settings.model import GateRule, ModelDefinition

SERVE = Path(__file__).with_name("check_serve.py")


@dataclass(frozen=True)
class Finding:
    """One script that passed."""

    script: str
    seconds: float
    said: str


def check(model: str, data: Path | None = None) -> Iterator[Finding]:
    """Run prepare, train, evaluate and serve on the model's own data, or on `data`; yield each as it passes.

    Raises
    ------
    MlpError
        If the folder is no valid model.
    Failed
        With the script's own words, or the gate's verdict.
    """
    folder = MODELS / model
    try:
        definition = load_definition(folder)
    except SettingsError as error:
        raise MlpError(str(error)) from None
    source = data or folder / definition.data
    if not source.is_file():
        raise MlpError(f"There is no data file {source}; `data` in {folder / 'model.yaml'} names it")
    with tempfile.TemporaryDirectory(prefix=f"check-{model}-") as workspace:
        yield from _Check(definition, folder, Path(workspace)).run(source)


class _Check:
    def __init__(self, definition: ModelDefinition, folder: Path, workspace: Path) -> None:
        self._definition, self._folder, self._work = definition, folder, workspace
        for name in ("raw", "train", "test", "fitted", "artifact", "evaluation"):
            (workspace / name).mkdir()

    def run(self, data: Path) -> Iterator[Finding]:
        work = self._work
        (work / "raw" / data.name).write_bytes(data.read_bytes())
        outputs = ["--train", str(work / "train"), "--test", str(work / "test")]
        yield self._script("prepare.py", ["--input", str(work / "raw"), *outputs])
        yield self._script("train.py", self._hyperparameters(), self._training_environment())
        self._pack()
        arguments = [
            "--model",
            str(work / "artifact"),
            "--test",
            str(work / "test"),
            "--output",
            str(work / "evaluation"),
        ]
        yield self._script("evaluate.py", arguments)
        yield self._gate()
        yield self._serve()

    def _hyperparameters(self) -> list[str]:
        return [word for key, value in self._definition.hyperparameters.items() for word in (f"--{key}", str(value))]

    def _training_environment(self) -> dict[str, str]:
        return {"SM_CHANNEL_TRAIN": str(self._work / "train"), "SM_MODEL_DIR": str(self._work / "fitted")}

    def _pack(self) -> None:
        if not (self._work / "fitted/code/serve.py").is_file():
            raise Failed("train.py did not put serve.py into code/ of the model folder, so the artifact could not serve")
        with tarfile.open(self._work / "artifact/model.tar.gz", "w:gz") as archive:
            for path in sorted((self._work / "fitted").iterdir()):
                archive.add(path, arcname=path.name)

    def _gate(self) -> Finding:
        try:
            metrics = json.loads((self._work / "evaluation/evaluation.json").read_text())["metrics"]
        except (OSError, ValueError, KeyError) as error:
            raise Failed(f"evaluate.py wrote no evaluation.json with `metrics`: {error}") from None
        missed = [text for rule in self._definition.gate if (text := _missed(rule, metrics))]
        if missed:
            raise Failed(f"The gate is missed: {'; '.join(missed)}")
        return Finding("gate", 0.0, ", ".join(f"{rule.metric} {metrics[rule.metric]:.3f}" for rule in self._definition.gate))

    def _serve(self) -> Finding:
        request = json.dumps({"instances": [self._definition.sample]})
        return self._run("serve.py", [sys.executable, str(SERVE), str(self._work / "fitted"), request], {})

    def _script(self, script: str, arguments: list[str], extra: dict[str, str] | None = None) -> Finding:
        return self._run(script, [sys.executable, str(self._folder / script), *arguments], extra or {})

    def _run(self, script: str, command: list[str], extra: dict[str, str]) -> Finding:
        started = time.perf_counter()
        env = {"PATH": os.environ.get("PATH", ""), "HOME": str(self._work), "PYTHONDONTWRITEBYTECODE": "1", **extra}
        done = subprocess.run(command, cwd=self._work, env=env, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise Failed(f"{script} ended with exit code {done.returncode}:\n{_last_lines(done.stderr or done.stdout)}")
        return Finding(script, time.perf_counter() - started, _last_lines(done.stdout, 1))


def _missed(rule: GateRule, metrics: dict[str, Any]) -> str:
    value = metrics.get(rule.metric)
    if not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        return f"{rule.metric} is {value}"
    if rule.minimum is not None and value < rule.minimum:
        return f"{rule.metric} {value:.4f} is below {rule.minimum}"
    if rule.maximum is not None and value > rule.maximum:
        return f"{rule.metric} {value:.4f} is above {rule.maximum}"
    return ""


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
