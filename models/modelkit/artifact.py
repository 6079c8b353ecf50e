"""The artifact: what train.py leaves behind, with all that serves it, and how evaluate.py opens it."""

import hashlib
import importlib
import json
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from modelkit.script import EvaluatePaths

SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python before 3.11.4 knows no filters; the archive is the one that train.py has packed."""
NOT_SERVED = ("prepare.py", "train.py", "evaluate.py")
"""Scripts that an endpoint does not need; every other module of the model's folder goes into the artifact."""


def save(model_dir: Path, train_script: str, **parts: Any) -> None:
    """Write `parts` as model.joblib, and beside it code/: serve.py, the model's other modules and packages, and modelkit.

    `train_script` is the caller's `__file__`. What is saved must not be a class of train.py itself: serve.py could not load it.
    """
    joblib.dump(parts, model_dir / "model.joblib")
    code = model_dir / "code"
    code.mkdir(exist_ok=True)
    for module in sorted(Path(train_script).parent.glob("*.py")):
        if module.name not in NOT_SERVED:
            shutil.copy(module, code / module.name)
    for package in (Path(__file__).parent, *_packages_beside(Path(train_script))):
        shutil.copytree(package, code / package.name, ignore=shutil.ignore_patterns("__pycache__", "data"), dirs_exist_ok=True)


def _packages_beside(script: Path) -> list[Path]:
    """Return the model's own packages and those that it shares with others, which a job finds beside its scripts."""
    found = [file.parent for file in sorted(script.parent.glob("*/__init__.py"))]
    return [package for package in found if package.name not in ("modelkit", "job_scripts")]


@dataclass(frozen=True)
class Opened:
    """An artifact that answers as its endpoint would."""

    predict: Callable[[Sequence[dict[str, Any]]], list[Any]]
    """Predictions, one per instance."""
    parts: dict[str, Any]
    """What `save` was given."""
    sha256: str
    """Hash over names and contents of all files; the same data and code give the same."""


@contextmanager
def opened(paths: EvaluatePaths) -> Iterator[Opened]:
    """Unpack model.tar.gz and load it with its own serving code, not with the code beside evaluate.py."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(paths.model / "model.tar.gz") as archive:
            archive.extractall(folder, **SAFELY)  # noqa: S202
        if not (folder / "code/serve.py").is_file():
            sys.exit("evaluate: the artifact has no code/serve.py; train.py must put it there")
        digest = content_hash(folder)
        serve = _import(folder / "code")
        model = serve.model_fn(str(folder))

        def predict(instances: Sequence[dict[str, Any]]) -> list[Any]:
            answer: list[Any] = serve.predict_fn(list(instances), model)["predictions"]
            return answer

        yield Opened(predict, joblib.load(folder / "model.joblib"), digest)


def _import(code: Path) -> Any:
    # Modules of the same name that evaluate.py has imported are those of the new model; an earlier artifact has its own.
    own = {path.stem for path in code.iterdir()}
    for loaded in [module for module in sys.modules if module.partition(".")[0] in own]:
        del sys.modules[loaded]
    sys.path.insert(0, str(code))
    sys.dont_write_bytecode = True
    return importlib.import_module("serve")


def content_hash(folder: Path) -> str:
    """Return a SHA-256 over names and contents of all files in `folder`, whatever their times."""
    total = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        total.update(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n".encode())
    return total.hexdigest()


def write_evaluation(
    paths: EvaluatePaths, artifact: Opened, metrics: dict[str, float], plots: dict[str, Any] | None = None
) -> None:
    """Write evaluation.json.

    The baseline of a metric `m` is called `baseline_m`. `plots` holds the numbers of a picture in the model's documentation.
    """
    rounded = {name: float(value) for name, value in metrics.items()}
    content = {"metrics": rounded, "model_sha256": artifact.sha256, "plots": plots or {}}
    paths.output.mkdir(parents=True, exist_ok=True)
    (paths.output / "evaluation.json").write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps(rounded))
