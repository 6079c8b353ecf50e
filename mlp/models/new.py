"""Begins a model as a copy of one that works: the example of the same use case."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from mlp.platform.errors import MlpError
from mlp.platform.paths import MODELS
from platform_contract.scripts import MODELKIT
from settings import SettingsError
from settings.base import Name
from settings.loader import load_definition
from settings.model import ModelDefinition

NO_REMAINS = shutil.ignore_patterns("__pycache__", ".*")
USE_CASES: tuple[str, ...] = get_args(ModelDefinition.model_fields["use_case"].annotation)


def new_model(name: str, like: str, models: Path = MODELS) -> Path:
    """Copy the example that is, or has the use case, `like`, to the model `name`; return its folder.

    The copy is complete or not there: it is made beside the models, checked, and moved into place. What the example shares with
    other models, packages and a dataset, it has for itself.

    Raises
    ------
    MlpError
        If `name` is taken, reserved, or no name of a model; if `like` is neither a model nor the use case of exactly one.
    """
    _check_name(name, models)
    example = _example(like, models)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=models) as beside:
        folder = Path(beside) / name
        definition = _load(example)
        shutil.copytree(example, folder, ignore=NO_REMAINS)
        for package in definition.packages:
            _copy_package(models / package, folder)
        file = folder / "model.yaml"
        file.write_text(_renamed(file.read_text(encoding="utf-8"), name, definition), encoding="utf-8")
        _load(folder)
        try:
            folder.rename(models / name)
        except OSError:  # another terminal was faster
            raise _taken(models / name) from None
    return models / name


def next_steps(name: str, models: Path = MODELS) -> str:
    """Return what to do after `new_model`, as lines to read and to paste."""
    files = " ".join(f"{models.name}/{file}" for file in _load(models / name).data_files)
    return f"""
It runs as it is. Make it yours, file by file (docs/own-model.md), and try it as often as you like:
  mlp check {name}

To have it on the platform, add to config/local.yaml:
  models:
    {name}:
      serving:
        max_instances: 2

Then:
  make up
  mlp data put {name} {files}
  mlp train {name}
  mlp approve {name}
  mlp predict {name}"""


def _check_name(name: str, models: Path) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise MlpError(
            f"{name!r} cannot be a model's name: 2 to 20 characters of a-z, 0-9 and -, beginning with a letter and not ending "
            "with -, such as churn or churn-eu"
        ) from None
    if name == MODELKIT:
        raise MlpError(f"{MODELKIT!r} is what all models share; choose another name")
    if (models / name).exists():
        raise _taken(models / name)


def _taken(folder: Path) -> MlpError:
    return MlpError(f"{folder} exists already; choose another name, or remove that folder first")


def _example(like: str, models: Path) -> Path:
    if (models / like / "model.yaml").is_file() and like == Path(like).name:
        _load(models / like)
        return models / like
    known = dict(_use_cases(models))
    found = [model for model, use_case in known.items() if use_case == like]
    if len(found) == 1:
        return models / found[0]
    listed = ", ".join(f"{model} ({use_case})" for model, use_case in known.items()) or "none"
    if found:
        raise MlpError(f"--like {like}: {' and '.join(found)} have this use case; name one of them, such as --like {found[0]}")
    if like in USE_CASES:
        raise MlpError(f"--like {like}: no model has this use case; there are: {listed}")
    raise MlpError(f"--like {like}: neither a use case nor a model; there are: {listed}")


def _use_cases(models: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(models.glob("*/model.yaml")):
        with suppress(MlpError):  # a model that is being written is no example, and no reason to refuse another
            yield file.parent.name, _load(file.parent).use_case


def _load(folder: Path) -> ModelDefinition:
    try:
        return load_definition(folder)
    except SettingsError as error:
        raise MlpError(str(error)) from None


def _copy_package(package: Path, folder: Path) -> None:
    """Copy a shared package into a model's folder, where its imports find it as before, and its data to the model's own."""
    shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("data", "__pycache__", ".*"))
    if (package / "data").is_dir():
        shutil.copytree(package / "data", folder / "data", ignore=NO_REMAINS, dirs_exist_ok=True)


def _renamed(text: str, name: str, example: ModelDefinition) -> str:
    """Return model.yaml with the name and a description to be written, and nothing shared; all else, comments too, as it was."""
    description = f"To be written: what {name} predicts, from what, for whom. Made from {example.name}."
    text = _replaced(text, "name", f"name: {name}\n")
    text = _replaced(text, "description", f"description: '{description}'\n")
    if example.packages:
        own = [file.partition("/")[2] for file in example.data_files]
        text = _replaced(_replaced(text, "data", f"data: [{', '.join(own)}]\n"), "packages", "")
    return _replaced(text, "dataset", "")


def _replaced(text: str, key: str, line: str) -> str:
    """Return YAML `text` with the top-level `key`, and the lines of its value, replaced by `line`.

    Such lines are indented, entries of a list, which need not be, or empty ones between these.
    """
    return re.sub(rf"^{key}:.*\n(?:(?:[ \t]+|-[ \n]).*\n?|\n(?=[ \t-]))*", lambda _: line, text, count=1, flags=re.MULTILINE)
