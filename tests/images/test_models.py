"""The platform's own models in each image that is offered: prepared, trained, evaluated and served, without a network."""

import dataclasses
from pathlib import Path

import pytest

from local_aws.containers.environments import Environment
from mlp.models.check import model_and_data
from mlp.models.scripts import ModelScripts
from mlp.platform.errors import Failed
from mlp.platform.paths import MODELS

NAMES = sorted(file.parent.name for file in MODELS.glob("*/model.yaml"))


@pytest.mark.parametrize("model", NAMES)
def test_a_model_keeps_its_contract_in_the_image(environment: Environment, tmp_path: Path, model: str) -> None:
    definition, files = model_and_data(model)
    scripts = ModelScripts(definition, MODELS / model, tmp_path, environment)
    scripts.prepare(files)
    scripts.train()
    scripts.evaluate()
    assert scripts.evaluation()["metrics"]
    assert '"predictions"' in scripts.serve().output


def test_isolation_can_fail_a_model(environment: Environment, tmp_path: Path) -> None:
    image = dataclasses.replace(environment.image, serving_environment={})
    definition, files = model_and_data("spam")
    scripts = ModelScripts(definition, MODELS / "spam", tmp_path, dataclasses.replace(environment, image=image))
    scripts.prepare(files)
    scripts.train()
    with pytest.raises(Failed, match=r"(?s)the model server did not start:.*pip install"):
        scripts.serve()
