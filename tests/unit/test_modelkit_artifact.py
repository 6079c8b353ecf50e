"""modelkit: splits that never move a row, artifacts whose hash depends on their content alone, and the scripts' command lines."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model_runs import MODELS

sys.path.insert(0, str(MODELS))

from modelkit import artifact, script, split

TRAIN = """
from pathlib import Path
from modelkit import artifact, script
def main(train, model_dir, depth: int, name: str):
    artifact.save(model_dir, __file__, depth=depth, name=name, rows=len(script.read_table(train)))
script.train(main, depth=3, name="tree")
"""
SERVE = """
from modelkit.serving import answer, input_fn, load, output_fn
import words
model_fn = load
def predict_fn(instances, parts):
    return answer([words.GREETING + str(parts["depth"]) for _ in instances])
"""
EVALUATE = """
import words
from modelkit import artifact, script
def main(paths):
    with artifact.opened(paths) as opened:
        artifact.write_evaluation(paths, opened, {"ok": opened.predict([{}, {}]) == ["hello 5"] * 2}, {"mine": words.GREETING})
script.evaluate(main)
"""


# split


@given(st.lists(st.tuples(st.integers(0, 50), st.text(max_size=3)), min_size=1, max_size=30), st.floats(0, 1))
def test_equal_rows_share_a_side_and_a_row_keeps_its_side_whatever_is_added(rows: list, share: float) -> None:
    table = pd.DataFrame(rows, columns=["a", "b"])
    side = split.by_content(table, ["a", "b"], share)
    more = split.by_content(pd.concat([table, table.assign(a=99)]), ["a", "b"], share)
    assert more[: len(table)].tolist() == side.tolist()
    assert side.groupby([table["a"], table["b"]]).nunique().max() == 1


def test_a_split_by_content_has_about_the_share_asked_for() -> None:
    table = pd.DataFrame({"a": range(5000)})
    assert split.by_content(table, ["a"], 0.2).mean() == pytest.approx(0.2, abs=0.02)
    assert not split.by_content(table, ["a"], 0).any()
    assert split.by_content(table, ["a"], 1).all()


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.floats(0.05, 0.95))
def test_a_split_by_time_never_puts_a_moment_on_both_sides(times: list[int], share: float) -> None:
    table = pd.DataFrame({"t": times})
    test = split.by_time(table, "t", share)
    assert test.mean() <= share + 1 / len(times)
    if test.any():
        assert table["t"][test].min() > table["t"][~test].max()


# artifact


def test_the_hash_of_an_artifact_is_that_of_names_and_contents_alone(tmp_path: Path) -> None:
    for name, order in (("one", ["a.txt", "code/b.py"]), ("two", ["code/b.py", "a.txt"])):
        for file in order:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(file)
    os.utime(tmp_path / "two/a.txt", (1, 1))
    (tmp_path / "two/code/__pycache__").mkdir()
    (tmp_path / "two/code/__pycache__/b.pyc").write_text("x")
    first = artifact.content_hash(tmp_path / "one")
    assert artifact.content_hash(tmp_path / "two") == first
    (tmp_path / "two/a.txt").rename(tmp_path / "two/c.txt")
    assert artifact.content_hash(tmp_path / "two") != first
    (tmp_path / "two/c.txt").rename(tmp_path / "two/a.txt")
    (tmp_path / "two/a.txt").write_text("other")
    assert artifact.content_hash(tmp_path / "two") != first


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model whose train.py and evaluate.py stand beside a newer words.py than the one in the artifact."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name, content in (
        ("train.py", TRAIN),
        ("serve.py", SERVE),
        ("evaluate.py", EVALUATE),
        ("prepare.py", ""),
        ("words.py", "GREETING = 'hello '\n"),
    ):
        (folder / name).write_text(content)
    (tmp_path / "train").mkdir()
    pd.DataFrame({"x": [1.0]}).to_csv(tmp_path / "train/train.csv", index=False)
    return folder


def run(script_file: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(MODELS), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, str(script_file), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def trained(model: Path, *arguments: str) -> Path:
    fitted = model.parent / "fitted"
    fitted.mkdir(exist_ok=True)
    done = run(model / "train.py", *arguments, SM_CHANNEL_TRAIN=str(model.parent / "train"), SM_MODEL_DIR=str(fitted))
    assert done.returncode == 0, done.stderr
    return fitted


def packed(fitted: Path) -> Path:
    folder = fitted.parent / "artifact"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for path in sorted(fitted.iterdir()):
            archive.add(path, arcname=path.name)
    return folder


def test_an_artifact_carries_what_serves_it_and_no_script_of_the_training(model: Path) -> None:
    fitted = trained(model)
    assert {path.name for path in fitted.iterdir()} == {"model.joblib", "code"}
    assert {path.name for path in (fitted / "code").iterdir()} == {"serve.py", "words.py", "modelkit"}


def test_training_twice_gives_the_same_artifact(model: Path) -> None:
    first = artifact.content_hash(trained(model))
    assert artifact.content_hash(trained(model)) == first
    assert artifact.content_hash(trained(model, "--depth", "4")) != first


def test_an_artifact_is_judged_through_its_own_serving_code(model: Path, tmp_path: Path) -> None:
    folder = packed(trained(model, "--depth", "5"))
    (model / "serve.py").write_text("raise SystemExit('the newer serving code was used')")
    done = run(model / "evaluate.py", "--model", str(folder), "--test", str(tmp_path), "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    evaluation = json.loads((tmp_path / "out/evaluation.json").read_text())
    assert evaluation["metrics"] == {"ok": 1.0}
    assert evaluation["model_sha256"] == artifact.content_hash(tmp_path / "fitted")


def test_an_artifact_without_serving_code_is_told(model: Path, tmp_path: Path) -> None:
    fitted = trained(model)
    (fitted / "code/serve.py").unlink()
    done = run(model / "evaluate.py", "--model", str(packed(fitted)), "--test", str(tmp_path), "--output", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "evaluate: the artifact has no code/serve.py; train.py must put it there" in done.stderr


# script


def test_hyperparameters_have_the_type_of_their_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    got = {}
    monkeypatch.setattr(sys, "argv", ["train.py", "--learning-rate", "1", "--depth", "4", "--train", str(tmp_path)])
    monkeypatch.setenv("SM_MODEL_DIR", "/opt/ml/model")
    script.train(lambda **given: got.update(given), learning_rate=0.1, depth=3, loss="l2")
    assert got == {"learning_rate": 1.0, "depth": 4, "loss": "l2", "train": tmp_path, "model_dir": Path("/opt/ml/model")}
    assert isinstance(got["learning_rate"], float)


def test_a_hyperparameter_that_the_script_does_not_know_ends_the_training(model: Path) -> None:
    done = run(
        model / "train.py", "--dept", "4", "--size", "3", SM_CHANNEL_TRAIN=str(model.parent / "train"), SM_MODEL_DIR=str(model)
    )
    assert done.returncode == 2
    assert "unrecognized arguments: --size 3" in done.stderr


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_come_back_from_a_table_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    folder = tmp_path_factory.mktemp("table") / "train"
    script.write_table(folder, pd.DataFrame({"x": values}))
    assert script.read_table(folder)["x"].tolist() == values
    script.write_table(folder, pd.DataFrame({"x": [1.0]}), "other")
    assert len(script.read_table(folder, "other")) == 1
