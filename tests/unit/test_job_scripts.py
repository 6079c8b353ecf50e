"""What processing jobs run around a model's own scripts: verified data before prepare.py, evaluate.py once or twice."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml_platform.training.code_bundle import JOB_SCRIPTS

PREPARE = "import sys; print('prepared', *sys.argv[1:]); sys.exit(3 if 'bad' in sys.argv else 0)"
EVALUATE = """
import argparse, pathlib, sys
parser = argparse.ArgumentParser()
for name in ("--model", "--test", "--output"):
    parser.add_argument(name, type=pathlib.Path)
arguments = parser.parse_args()
said = (arguments.model / "model.tar.gz").read_text()
print("judging", said)
arguments.output.mkdir(parents=True, exist_ok=True)
(arguments.output / "evaluation.json").write_text(said)
if "broken" in said:
    print("\\n".join(f"line {number}" for number in range(9)))
    sys.exit("evaluate: it is broken")
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "prepare.py").write_text(PREPARE)
    (folder / "evaluate.py").write_text(EVALUATE)
    return folder


def run(code: Path, script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(JOB_SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, cwd=code, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A registered dataset of two files."""
    folder = tmp_path / "raw"
    folder.mkdir()
    lines = []
    for name, text in (("a.csv", "x\n1\n"), ("größe 2.csv", "x\n2\n")):
        (folder / name).write_text(text)
        lines.append(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n")
    (folder / "_SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return folder


def test_data_as_it_was_registered_is_prepared(code: Path, raw: Path) -> None:
    done = run(code, "prepare.py", raw, "--input", raw)
    assert (done.returncode, done.stdout) == (0, f"prepared --input {raw}\n")


def test_the_checksums_are_those_of_sha256sum(raw: Path) -> None:
    assert subprocess.run(["sha256sum", "--check", "--strict", "_SHA256SUMS"], cwd=raw, check=False).returncode == 0


def test_data_that_changed_ends_the_job_with_the_files(code: Path, raw: Path) -> None:
    (raw / "a.csv").write_text("x\n9\n")
    (raw / "größe 2.csv").unlink()
    (raw / "new.csv").write_text("x\n3\n")
    done = run(code, "prepare.py", raw)
    assert done.returncode == 1 and "prepared" not in done.stdout
    expected = "prepare: the dataset changed after it was registered: a.csv, größe 2.csv (missing), new.csv (added)"
    assert done.stderr.splitlines()[-1] == expected


def test_files_that_begin_with_an_underscore_are_no_data(code: Path, raw: Path) -> None:
    (raw / "_notes").write_text("hello")
    assert run(code, "prepare.py", raw).returncode == 0


def test_data_without_checksums_is_prepared_as_it_is(code: Path, raw: Path) -> None:
    (raw / "_SHA256SUMS").unlink()
    (raw / "a.csv").write_text("changed")
    assert run(code, "prepare.py", raw).returncode == 0


def test_the_job_ends_as_prepare_ends(code: Path, raw: Path) -> None:
    assert run(code, "prepare.py", raw, "bad").returncode == 3


@pytest.fixture
def artifacts(tmp_path: Path) -> dict[str, Path]:
    places = {name: tmp_path / name for name in ("model", "deployed", "test", "output")}
    for place in places.values():
        place.mkdir()
    (places["model"] / "model.tar.gz").write_text("new")
    (places["deployed"] / "model.tar.gz").write_text("old")
    return places


def evaluate(code: Path, artifacts: dict[str, Path], version: str) -> subprocess.CompletedProcess[str]:
    words = [word for name, place in artifacts.items() for word in (f"--{name}", place)]
    return run(code, "evaluate.py", *words, DEPLOYED_VERSION=version)


def written(artifacts: dict[str, Path]) -> dict[str, str]:
    output = artifacts["output"]
    return {file.relative_to(output).as_posix(): file.read_text() for file in output.rglob("*") if file.is_file()}


def test_both_artifacts_are_judged_by_the_same_script(code: Path, artifacts: dict[str, Path]) -> None:
    done = evaluate(code, artifacts, "3")
    assert done.returncode == 0
    assert written(artifacts) == {"evaluation.json": "new", "deployed/evaluation.json": "old"}
    assert done.stdout.splitlines() == ["judging new", "deployed version 3, on the same test set:", "judging old"]


def test_without_a_live_version_only_the_new_one_is(code: Path, artifacts: dict[str, Path]) -> None:
    assert evaluate(code, artifacts, "none").returncode == 0
    assert written(artifacts) == {"evaluation.json": "new"}


def test_a_live_version_that_fails_leaves_its_last_lines_and_the_job_goes_on(code: Path, artifacts: dict[str, Path]) -> None:
    (artifacts["deployed"] / "model.tar.gz").write_text("broken")
    done = evaluate(code, artifacts, "3")
    assert done.returncode == 0
    lines = "line 5\nline 6\nline 7\nline 8\nevaluate: it is broken\n"
    assert written(artifacts) == {"evaluation.json": "new", "deployed/failed.txt": lines}


def test_an_artifact_that_is_not_there_counts_as_failed(code: Path, artifacts: dict[str, Path]) -> None:
    (artifacts["deployed"] / "model.tar.gz").unlink()
    assert evaluate(code, artifacts, "3").returncode == 0
    assert "FileNotFoundError" in written(artifacts)["deployed/failed.txt"]


def test_a_new_artifact_that_fails_ends_the_job_with_its_own_last_line(code: Path, artifacts: dict[str, Path]) -> None:
    (artifacts["model"] / "model.tar.gz").write_text("broken")
    done = evaluate(code, artifacts, "3")
    assert done.returncode == 1 and done.stderr.splitlines()[-1] == "evaluate: it is broken"
    assert "deployed/evaluation.json" not in written(artifacts)
