"""Code bundles: same content, same bytes."""

import io
import os
import tarfile
from pathlib import Path

from ml_platform.code_bundle import pack


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
