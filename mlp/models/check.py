"""Runs a model's four scripts on this machine, without any AWS: the contract test before a deployment."""

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.containers import environments
from local_aws.containers.environments import Environment, NotInstallable
from local_aws.containers.likeness import differences
from mlp.models.scripts import Done, ModelScripts
from mlp.platform.errors import Failed, MlpError
from mlp.platform.paths import MODELS
from platform_contract import images
from settings import SettingsError
from settings.loader import load_definition
from settings.model import GateRule, ModelDefinition


@dataclass(frozen=True)
class Finding:
    """One script that passed."""

    script: str
    seconds: float
    said: str


def check(model: str, data: Sequence[Path] = (), tell: Callable[[str], None] = lambda _: None) -> Iterator[Finding]:
    """Run prepare, train, evaluate and serve in the model's image, on its own data or on `data`; yield each as it passes.

    `tell` hears what is installed, the first time, and what is not as in AWS's image.

    Raises
    ------
    MlpError
        If the folder is no valid model.
    Failed
        With the script's own words, or the gate's verdict.
    """
    definition, files = model_and_data(model, data)
    with tempfile.TemporaryDirectory(prefix=f"check-{model}-") as work:
        scripts = ModelScripts(definition, MODELS / model, Path(work), image_of(definition, tell))
        yield _finding("prepare.py", scripts.prepare(files))
        yield _finding("train.py", scripts.train())
        yield _finding("evaluate.py", scripts.evaluate())
        yield Finding("gate", 0.0, _verdict(definition, scripts.evaluation()["metrics"]))
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
    files = list(data) or [MODELS / model / file for file in definition.data_files]
    for file in files:
        if not file.is_file():
            raise MlpError(f"There is no data file {file}; `data` in {MODELS / model / 'model.yaml'} names the model's own")
    return definition, files


def image_of(definition: ModelDefinition, tell: Callable[[str], None] = lambda _: None) -> Environment:
    """Return the environment of the model's image.

    Raises
    ------
    MlpError
        If its packages cannot be had.
    """
    image = images.find(definition.framework.name, definition.framework.version)
    try:
        environment = environments.prepare(image, lambda what: tell(f"installing {what}, once"))
    except NotInstallable as problem:
        raise MlpError(str(problem)) from None
    for difference in differences(environment):
        tell(difference)
    return environment


def _finding(script: str, done: Done) -> Finding:
    return Finding(script, done.seconds, done.last_line)


def _verdict(definition: ModelDefinition, metrics: Mapping[str, Any]) -> str:
    """Return the metrics of the gate in words; a live version to compare with there is none here."""
    missed = [text for rule in definition.gate for text in _missed(rule, metrics)]
    if missed:
        raise Failed(f"The gate is missed: {'; '.join(missed)}")
    return ", ".join(f"{rule.metric} {metrics[rule.metric]:.4g}" for rule in definition.gate)


def _missed(rule: GateRule, metrics: Mapping[str, Any]) -> Iterator[str]:
    for name in filter(None, (rule.metric, rule.beats)):
        if not _is_figure(metrics.get(name)):
            yield f"{name} is {metrics.get(name, 'missing')}, not a finite number"
            return
    value = metrics[rule.metric]
    if rule.minimum is not None and value < rule.minimum:
        yield f"{rule.metric} {value:.4g} is below {rule.minimum:g}"
    if rule.maximum is not None and value > rule.maximum:
        yield f"{rule.metric} {value:.4g} is above {rule.maximum:g}"
    if rule.beats:
        gain = (value - metrics[rule.beats]) * (1 if rule.minimum is not None else -1)
        if gain <= rule.beats_by:
            yield f"{rule.metric} {value:.4g} does not beat {rule.beats} {metrics[rule.beats]:.4g} by more than {rule.beats_by:g}"


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
