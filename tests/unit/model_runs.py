"""Runs a model's scripts as processes in a folder, as its pipeline does, and spoils raw data on the way.

    run = finished("spam")  # or ModelRun("spam", tmp_path).all(), to change something on the way
    run.evaluation["metrics"]["accuracy"]; run.answers([{...}]); run.missed()
    refusal("spam", tmp_path, cell(7, "bang", "much"))  # what prepare.py says about such data

The changes are in spoils.py and can be imported from here: cell, every, renamed, dropped, first, repeated, appended, keeping, shuffled.
"""

import atexit
import json
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from local_aws.containers import environments
from platform_contract import images
from settings.loader import load_definition
from tests.unit.spoils import Spoil, appended, cell, dropped, every, first, keeping, renamed, repeated, shuffled, spoil

__all__ = [
    "MODELS",
    "ModelRun",
    "appended",
    "cell",
    "dropped",
    "every",
    "finished",
    "first",
    "keeping",
    "refusal",
    "renamed",
    "repeated",
    "shuffled",
    "spoil",
]

MODELS = Path(__file__).parents[2] / "models"
SERVE = """
import json, sys
sys.path.insert(0, sys.argv[1] + "/code")
import serve
model = serve.model_fn(sys.argv[1])
body = serve.input_fn(sys.stdin.read(), "application/json")
print(serve.output_fn(serve.predict_fn(body, model), "application/json")[0])
"""


class ModelRun:
    """One run of a model's scripts in the folder `work`, on a copy of its data in `raw`."""

    def __init__(self, model: str, work: Path, models: Path = MODELS) -> None:
        self.folder, self.work, self.models = models / model, work, models
        self.raw, self.train, self.test = work / "raw", work / "train", work / "test"
        self.fitted, self.artifact, self.output = work / "fitted", work / "artifact", work / "evaluation"
        for folder in (self.raw, self.train, self.test, self.fitted, self.artifact, self.output):
            folder.mkdir(parents=True, exist_ok=True)
        for file in self.data_files:
            shutil.copy(models / file, self.raw)
        self.code = self._as_packed(work / "code")

    @cached_property
    def definition(self) -> dict[str, Any]:
        """Content of model.yaml."""
        return yaml.safe_load((self.folder / "model.yaml").read_text())

    @property
    def data_files(self) -> list[str]:
        """The raw data to begin with, relative to the folder of all models."""
        return load_definition(self.folder).data_files

    def _as_packed(self, code: Path) -> Path:
        """Return a folder with the model's code and what it shares with others, as a job gets it."""
        for source in (self.folder, *(self.models / name for name in load_definition(self.folder).shared_packages)):
            target = code if source == self.folder else code / source.name
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("data", "__pycache__"), dirs_exist_ok=True)
        return code

    def all(self) -> "ModelRun":
        """Prepare, train and evaluate; a script that fails is an AssertionError with its own words."""
        self.prepare()
        self.fit()
        self.evaluate()
        return self

    def prepare(self) -> str:
        """Run prepare.py; return what it wrote."""
        return self._succeeds(self.start_prepare())

    def start_prepare(self) -> subprocess.CompletedProcess[str]:
        """Run prepare.py, however it ends."""
        return self._script("prepare.py", "--input", self.raw, "--train", self.train, "--test", self.test)

    def fit(self, **hyperparameters: Any) -> str:
        """Run train.py with model.yaml's hyperparameters, some of them replaced, and pack the artifact."""
        values = {**self.definition.get("hyperparameters", {}), **{k.replace("_", "-"): v for k, v in hyperparameters.items()}}
        words = [str(word) for key, value in values.items() for word in (f"--{key}", value)]
        channels = {"SM_CHANNEL_TRAIN": str(self.train), "SM_MODEL_DIR": str(self.fitted)}
        said = self._succeeds(self._script("train.py", *words, **channels))
        with tarfile.open(self.artifact / "model.tar.gz", "w:gz") as archive:
            for path in sorted(self.fitted.iterdir()):
                archive.add(path, arcname=path.name)
        return said

    def evaluate(self) -> dict[str, Any]:
        """Run evaluate.py; return evaluation.json."""
        self._succeeds(self._script("evaluate.py", "--model", self.artifact, "--test", self.test, "--output", self.output))
        return self.evaluation

    @property
    def evaluation(self) -> dict[str, Any]:
        """What evaluate.py wrote: metrics, model_sha256, plots."""
        return json.loads((self.output / "evaluation.json").read_text())

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics of evaluation.json."""
        return self.evaluation["metrics"]

    def missed(self) -> list[str]:
        """Return the gate rules of model.yaml that the metrics do not keep; what compares with a deployed version is left out."""
        return [str(rule) for rule in self.definition["gate"] if not _holds(rule, self.metrics)]

    def answers(self, instances: list[dict[str, Any]] | None = None) -> list[Any]:
        """Return the predictions of the artifact's own serving code in a process; for the sample unless `instances` are given."""
        asked = json.dumps({"instances": [self.definition["sample"]] if instances is None else instances})
        done = self._run([python(), "-c", SERVE, str(self.fitted)], {}, asked)
        return json.loads(self._succeeds(done))["predictions"]

    def table(self, side: str, name: str = "*") -> pd.DataFrame:
        """Return what prepare.py wrote for `side`, train or test."""
        files = sorted((self.work / side).glob(f"{name}.csv"))
        assert files, f"prepare.py wrote no {name}.csv into {side}"
        return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)

    def _script(self, script: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [python(), str(self.code / script), *map(str, arguments)]
        return self._run(command, environment)

    def _run(self, command: list[str], environment: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.work), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        env["OMP_WAIT_POLICY"] = "passive"  # threads that spin while they wait make training ten times as long on a busy machine
        return subprocess.run(command, cwd=self.work, env=env, input=stdin, capture_output=True, text=True, check=False)

    @staticmethod
    def _succeeds(done: subprocess.CompletedProcess[str]) -> str:
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout


@cache
def python() -> str:
    """Return the interpreter of the models' image."""
    return str(environments.prepare(images.find("sklearn", "1.9-0")).folder / "bin/python")


@cache
def finished(model: str) -> ModelRun:
    """Return a run of the model on its own data, the same one to all tests of this process; do not change what it wrote."""
    work = Path(tempfile.mkdtemp(prefix=f"run-{model}-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    return ModelRun(model, work).all()


def _holds(rule: dict[str, Any], metrics: dict[str, float]) -> bool:
    value, higher = metrics[rule["metric"]], "minimum" in rule
    gain = 0.0 if "baseline" not in rule else (value - metrics[rule["baseline"]]) * (1 if higher else -1)
    within = value >= rule["minimum"] if higher else value <= rule["maximum"]
    return within and ("baseline" not in rule or gain > rule.get("min_improvement", 0))


def refusal(model: str, work: Path, *spoils: Spoil, file: str | None = None, models: Path = MODELS) -> str:
    """Return the sentence with which prepare.py refuses the model's data after `spoils` changed `file` (default: the first).

    It runs in this process, because starting one takes a hundred times as long as refusing.
    """
    run = ModelRun(model, work, models)
    spoil(run.raw / (file or Path(run.data_files[0]).name), *spoils)
    arguments = ["--input", str(run.raw), "--train", str(run.train), "--test", str(run.test)]
    with pytest.raises(SystemExit) as ended, _as_a_script(run.code / "prepare.py", arguments):
        runpy.run_path(str(run.code / "prepare.py"), run_name="__main__")
    assert isinstance(ended.value.code, str), f"prepare.py ended with {ended.value.code!r}, not with a sentence"
    assert not list(run.train.iterdir()) + list(run.test.iterdir()), "prepare.py wrote something although it refused the data"
    return ended.value.code


@contextmanager
def _as_a_script(script: Path, arguments: list[str]) -> Iterator[None]:
    before = sys.argv, sys.path, dict(sys.modules)
    sys.argv, sys.path = [str(script), *arguments], [str(script.parent), *sys.path]
    try:
        yield
    finally:
        sys.argv, sys.path = before[:2]
        for name in [name for name in sys.modules if name not in before[2] and _is_under(name, script.parent)]:
            del sys.modules[name]  # two models may have modules of one name


def _is_under(module: str, folder: Path) -> bool:
    file = getattr(sys.modules[module], "__file__", None)
    return file is not None and Path(file).is_relative_to(folder)
