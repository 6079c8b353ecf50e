"""The `mlp` command: errors are sentences with an exit code, and `mlp check` finds what would fail later."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlp.models import check as checking
from mlp.platform.errors import Failed, MlpError
from settings.model import ModelDefinition
from tests.unit.test_settings import definition

ROOT = Path(__file__).parents[2]


def mlp(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MLP_STATE_DIR": str(state), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "mlp", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["status"], "The embedded AWS is not running. Start it with: make up"),
        (["status", "--env", "nowhere"], "There is no environment 'nowhere'"),
        (["check", "nothing"], "there is no folder"),
        (["notebook", "list"], "The embedded AWS is not running. Start it with: make up"),
        (["plan"], "The embedded AWS is not running. Start it with: make up"),
        (["notebook", "keep", "anna", "--hours", "much"], "Invalid value for '--hours'"),
        (["train"], "Missing argument"),
        (["data", "list"], "The embedded AWS is not running. Start it with: make up"),
        (["data", "put", "spam"], "Missing argument"),
        (["data", "show"], "Missing argument"),
        (["runs", "list", "spam"], "The embedded AWS is not running. Start it with: make up"),
        (["runs", "list", "spam", "--limit", "0"], "Invalid value for '--limit'"),
        (["demo", "--models", "nope"], "there is no nope in config/local.yaml; choose from"),
        (["new", "churn", "--like", "magic"], "magic"),
        (["fly"], "No such command 'fly'"),
        (["up", "--port", "80"], "greater than or equal to 1024"),
        (["check", "spam", "--data", "/nowhere.csv"], "There is no data file /nowhere.csv"),
    ],
)
def test_wrong_commands_end_with_a_sentence_and_exit_code_2(tmp_path: Path, arguments: list[str], expected: str) -> None:
    done = mlp(*arguments, state=tmp_path)
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_down_when_nothing_runs_is_no_error(tmp_path: Path) -> None:
    assert mlp("down", state=tmp_path).returncode == 0


def test_a_model_that_keeps_its_contract_passes(tmp_path: Path) -> None:
    done = mlp("check", "spam", state=tmp_path)
    assert done.returncode == 0, done.stderr
    for script in ("prepare.py", "train.py", "evaluate.py", "gate", "serve.py"):
        assert f"✓ {script}" in done.stdout


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that copies the spam model with one file changed."""

    def make(file: str, old: str, new: str) -> None:
        for folder in ("spam", "modelkit"):
            shutil.copytree(ROOT / "models" / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
        path = tmp_path / "spam" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    monkeypatch.setattr(checking, "MODELS", tmp_path)
    return make


@pytest.mark.parametrize(
    ("file", "old", "new", "error", "expected"),
    [
        ("prepare.py", '"yesno"', '"label"', Failed, r"prepare\.py ended with exit code 1"),
        ("train.py", "artifact.save(model_dir, __file__, ", "dict(", Failed, "did not put serve.py into code/"),
        ("evaluate.py", '"roc_auc"', '"auc"', Failed, "gate is missed: roc_auc is missing from the metrics of evaluation.json"),
        ("model.yaml", "minimum: 0.85", "minimum: 0.99", Failed, r"accuracy 0\.8704 is below 0\.99"),
        ("serve.py", "model_fn = load", "model_fn = print", Failed, r"evaluate\.py ended with exit code 1"),
        ("model.yaml", "use_case: classification", "use_case: magic", MlpError, "use_case: Input should be 'classification'"),
    ],
)
def test_what_would_fail_later_fails_here(broken, file, old, new, error, expected) -> None:
    broken(file, old, new)
    with pytest.raises(error, match=expected):
        list(checking.check("spam"))


def test_a_check_judges_as_the_gate_does() -> None:
    """In floats, 0.87 leads 0.85 by more than 0.02; in the decimals that people write, by exactly that, which is not more."""
    rule = {"metric": "accuracy", "minimum": 0.5, "baseline": "baseline", "min_improvement": 0.02}
    given = definition(gate=[rule])

    def verdict(accuracy: float) -> str:
        return checking._verdict(ModelDefinition(**given), json.dumps({"metrics": {"accuracy": accuracy, "baseline": 0.85}}))

    with pytest.raises(Failed, match=r"The gate is missed: accuracy 0\.87 beats baseline 0\.85 by 0\.02, not more than 0\.02"):
        verdict(0.87)
    assert "accuracy 0.871 beats baseline 0.85 by 0.021, more than 0.02" in verdict(0.871)
    with pytest.raises(Failed, match="wrote no evaluation"):
        checking._verdict(ModelDefinition(**given), None)
