"""Reads `config/<env>.yaml` and the definitions of the models that it names."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from platform_contract.project import ROOT
from platform_contract.scripts import SCRIPTS
from settings.errors import SettingsError, explain
from settings.model import ModelDefinition
from settings.notebook import NotebookSection
from settings.root import Environment, ModelSection, ModelSettings, Settings
from settings.unique_keys import UniqueKeyLoader

T = TypeVar("T", bound=BaseModel)


def load_settings(config: Path, models_folder: Path = ROOT / "models", only: Collection[str] | None = None) -> Settings:
    """Return the validated configuration in `config`, with the definition of each model that it names.

    `only` leaves out all other models, as if the file did not name them. Default: all.

    Raises
    ------
    SettingsError
        Listing every problem of the file and of all its models at once.
    """
    environment, problems = _parse(config, Environment)
    if environment is None:
        named = _named_models(config)
        raise SettingsError(problems + [text for name in named for text in _load_definition(models_folder, name)[1]])
    if environment.platform.environment != config.stem:
        problems.append(
            f"{config}: platform.environment: must be the file's own name, {config.stem!r}, so that no two files deploy over "
            f"each other (got {environment.platform.environment!r})"
        )
    chosen = list(environment.models) if only is None else list(only)
    problems += [
        f"{config}: models: there is no {name!r} to choose; known: {', '.join(environment.models) or 'none'}"
        for name in chosen
        if name not in environment.models
    ]
    models: dict[str, ModelSettings] = {}
    for name, section in environment.models.items():
        if name not in chosen:
            continue
        definition, found = _load_definition(models_folder, name)
        problems += found
        if definition is not None:
            models[name] = _join(definition, models_folder / name, section)
    if problems:
        raise SettingsError(problems)
    return Settings(
        platform=environment.platform,
        storage=environment.storage,
        alerts=environment.alerts,
        gateway=environment.gateway,
        models=models,
        datasets=environment.datasets,
        queries=environment.queries,
        notebooks={name: _of_models(notebook, models) for name, notebook in environment.notebooks.items()},
        watchdog=environment.watchdog,
    )


def _of_models(notebook: NotebookSection, models: Collection[str]) -> NotebookSection:
    """Return the notebook without the models that are left out."""
    return notebook.model_copy(update={"models": [model for model in notebook.models if model in models]})


def _join(definition: ModelDefinition, folder: Path, section: ModelSection) -> ModelSettings:
    return ModelSettings(
        definition=definition,
        folder=str(folder),
        training=section.training,
        serving=section.serving,
        approval=section.approval,
    )


def load_definition(folder: Path) -> ModelDefinition:
    """Return the model that lives in `folder`.

    Raises
    ------
    SettingsError
        If the folder lacks a script or its model.yaml is not valid.
    """
    definition, problems = _load_definition(folder.parent, folder.name)
    if definition is None or problems:
        raise SettingsError(problems)
    return definition


def _load_definition(models_folder: Path, name: str) -> tuple[ModelDefinition | None, list[str]]:
    folder = models_folder / name
    if not folder.is_dir():
        known = sorted(path.parent.name for path in models_folder.glob("*/model.yaml"))
        return None, [f"models.{name}: there is no folder {folder}; known models: {', '.join(known) or 'none'}"]
    missing = [script for script in SCRIPTS if not (folder / script).is_file()]
    problems = [f"{folder}: {script} is missing; every model has {', '.join(SCRIPTS)}" for script in missing]
    definition, found = _parse(folder / "model.yaml", ModelDefinition)
    if definition is not None and definition.name != name:
        found.append(f"{folder / 'model.yaml'}: name: must be the folder's name {name!r} (got {definition.name!r})")
    for package in definition.packages if definition is not None else ():
        if not (models_folder / package / "__init__.py").is_file():
            found.append(f"{folder / 'model.yaml'}: packages: {models_folder / package} is no Python package; correct it")
    return definition, problems + found


def _parse(path: Path, model: type[T]) -> tuple[T | None, list[str]]:
    try:
        return model.model_validate(_read(path)), []
    except ValidationError as error:
        return None, explain(path, model, error)
    except SettingsError as error:
        return None, error.problems


def _read(path: Path) -> Any:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), UniqueKeyLoader)  # noqa: S506 - a safe loader
    except FileNotFoundError:
        known = sorted(str(found) for found in path.parent.glob("*.yaml"))
        raise SettingsError([f"{path}: no such file; there are: {', '.join(known) or 'none'}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: not valid YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(content, dict):
        raise SettingsError(
            [f"{path}: must be a mapping of sections, got {type(content).__name__}; see config/samples/minimal.yaml"]
        )
    return content


def _named_models(config: Path) -> list[str]:
    """Return model names that can be read although the file as a whole is not valid."""
    try:
        models = _read(config).get("models")
    except SettingsError:
        return []
    return [name for name in models if isinstance(name, str)] if isinstance(models, dict) else []
