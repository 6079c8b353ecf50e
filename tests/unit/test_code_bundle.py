"""Code bundles: same content, same bytes."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from ml_platform.training.code_bundle import JOB_SCRIPTS, pack


def folder(tmp_path: Path, name: str) -> Path:
    root = tmp_path / name
    (root / "data").mkdir(parents=True)
    (root / "__pycache__").mkdir()
    (root / "train.py").write_text("print(1)")
    (root / "helper.py").write_text("x = 1")
    (root / "data/raw.csv").write_text("a\n1")
    (root / "__pycache__/train.cpython-311.py").write_text("")
    (root / "notes.ipynb").write_text("{}")
    return root


def names(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.getnames()


def test_data_caches_and_notebooks_stay_out(tmp_path: Path) -> None:
    assert names(pack(folder(tmp_path, "a"))) == ["helper.py", "train.py"]


def test_bytes_depend_on_nothing_but_names_and_contents(tmp_path: Path) -> None:
    one, other = folder(tmp_path, "a"), folder(tmp_path, "b")
    os.utime(other / "train.py", (1, 1))
    (other / "train.py").chmod(0o755)
    assert pack(one) == pack(other)
    (other / "train.py").write_text("print(2)")
    assert pack(one) != pack(other)


def shared(tmp_path: Path) -> Path:
    package = tmp_path / "shared/modelkit"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "data/big.json").write_text("{}")
    return package


def test_shared_packages_lie_beside_the_models_own_code(tmp_path: Path) -> None:
    content = pack(folder(tmp_path, "a"), [shared(tmp_path)])
    assert names(content) == ["helper.py", "modelkit/__init__.py", "train.py"]


def test_a_change_of_a_shared_package_changes_the_bundle(tmp_path: Path) -> None:
    model, package = folder(tmp_path, "a"), shared(tmp_path)
    before = pack(model, [package])
    (package / "data/big.json").write_text("[]")
    assert pack(model, [package]) == before
    (package / "__init__.py").write_text("x = 1")
    assert pack(model, [package]) != before


def test_a_shared_package_that_the_model_would_hide_is_refused(tmp_path: Path) -> None:
    model = folder(tmp_path, "a")
    for name in ("modelkit.py", "modelkit"):
        (model / name).mkdir()
        with pytest.raises(ValueError, match="has a 'modelkit' of its own, which would hide the shared one"):
            pack(model, [shared(tmp_path / name)])
        (model / name).rmdir()


def test_a_shared_package_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere to pack"):
        pack(folder(tmp_path, "a"), [tmp_path / "nowhere"])


def test_every_bundle_has_what_the_jobs_run_around_the_models_scripts(tmp_path: Path) -> None:
    content = pack(folder(tmp_path, "a"), [JOB_SCRIPTS])
    assert {"job_scripts/prepare.py", "job_scripts/evaluate.py"} <= set(names(content))
