"""Runs a model's four scripts on this machine, without any AWS: the contract test before a deployment."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.containers import environments
from local_aws.containers.environments import Environment, NotInstallable
from local_aws.containers.likeness import differences
from mlp.models.scripts import Done, ModelScripts
from mlp.platform.errors import Failed, MlpError
from mlp.platform.paths import MODELS
from platform_contract import images
from platform_contract.gate import decide
from platform_contract.parameters import NO_VERSION
from settings import SettingsError
from settings.loader import load_definition
from settings.model import ModelDefinition


@dataclass(frozen=True)
class Finding:
    """One script that passed."""

    script: str
    seconds: float
    said: str


def check(model: str, data: Sequence[Path] = (), report: Callable[[str], None] = lambda _: None) -> Iterator[Finding]:
    """Run prepare, train, evaluate and serve in the model's image, on its own data or on `data`; yield each as it passes.

    `report` hears what is installed, the first time, and what is not as in AWS's image.

    Raises
    ------
    MlpError
        If the folder is no valid model.
    Failed
        With the script's own words, or the gate's verdict.
    """
    definition, files = model_and_data(model, data)
    with tempfile.TemporaryDirectory(prefix=f"check-{model}-") as work:
        scripts = ModelScripts(definition, MODELS / model, Path(work), image_of(definition, report))
        yield _finding("prepare.py", scripts.prepare(files))
        yield _finding("train.py", scripts.train())
        yield _finding("evaluate.py", scripts.evaluate())
        yield Finding("gate", 0.0, _verdict(definition, scripts.evaluation_text()))
        yield _finding("serve.py", scripts.serve())


def model_and_data(model: str, data: Sequence[Path] = ()) -> tuple[ModelDefinition, list[Path]]:
    """Return the definition of `model`, and `data`, or where that is empty the model's own raw data.

    Raises
    ------
    MlpError
        If the folder is no valid model, or a file is missing.
    """
    try:
        definition = load_definition(MODELS / model)
    except SettingsError as error:
        raise MlpError(str(error)) from None
    files = list(data) or [MODELS / file for file in definition.data_files]
    for file in files:
        if not file.is_file():
            raise MlpError(f"There is no data file {file}; `data` in {MODELS / model / 'model.yaml'} names the model's own")
    return definition, files


def image_of(definition: ModelDefinition, report: Callable[[str], None] = lambda _: None) -> Environment:
    """Return the environment of the model's image.

    Raises
    ------
    MlpError
        If its packages cannot be had.
    """
    image = images.find(definition.framework.name, definition.framework.version)
    try:
        environment = environments.prepare(image, lambda what: report(f"installing {what}, once"))
    except NotInstallable as problem:
        raise MlpError(str(problem)) from None
    for difference in differences(environment):
        report(difference)
    return environment


def _finding(script: str, done: Done) -> Finding:
    return Finding(script, done.seconds, done.last_line)


def _verdict(definition: ModelDefinition, evaluation: str | None) -> str:
    """Return what the gate says of an evaluation; a deployed version to compare with there is none here."""
    verdict = decide(evaluation, None, None, NO_VERSION, [section.rule for section in definition.gate])
    if not verdict.passed:
        missed = dict.fromkeys(check.says for check in verdict.checks if not check.holds)
        raise Failed(f"The gate is missed: {'; '.join(missed)}")
    return "; ".join(check.says for check in verdict.checks)
