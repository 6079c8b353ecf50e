"""The platform's own models in each image that is offered: prepared, trained, evaluated and served, without a network."""

from pathlib import Path

import pytest

from local_aws.containers.environments import Environment
from mlp.models.check import model_and_data
from mlp.models.scripts import ModelScripts
from mlp.platform.errors import Failed
from mlp.platform.paths import MODELS
from platform_contract.serving import ENVIRONMENT

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


def test_isolation_can_fail_a_model(environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {key: value for key, value in ENVIRONMENT.items() if key not in environment.image.serving_environment}
    monkeypatch.setattr("mlp.models.scripts.SERVING_ENVIRONMENT", kept)
    definition, files = model_and_data("spam")
    scripts = ModelScripts(definition, MODELS / "spam", tmp_path, environment)
    scripts.prepare(files)
    scripts.train()
    with pytest.raises(Failed, match=r"(?s)the model server did not start:.*pip install"):
        scripts.serve()
