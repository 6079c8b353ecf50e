"""Hyperparameters are the same job whether the pipeline, the rehearsal or a person in a notebook asks for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ml_platform import ModelCode
from mlp.in_notebook import job_request
from mlp.models.scripts import ModelScripts
from mlp.platform.errors import MlpError
from platform_contract.hyperparameters import encoded
from settings.model import ModelDefinition
from tests.conftest import ROOT
from tests.helpers import new_stack, template_of
from tests.unit.test_settings import definition
from tests.unit.test_training_constructs import definition_of, pipeline_in

VALUES: dict[str, Any] = {
    "on": True, "off": False, "c": 1.0, "n": 5, "small": 1e-9, "empty": "", "number": "1.0", "word": "true",
    "quoted": 'it\'s a "quote" & $HOME\n', "größe": "naïve ☂", "max-iter": 200,
}  # fmt: skip
OURS = {"sagemaker_program", "sagemaker_submit_directory", "sagemaker_container_log_level"}


def in_the_pipeline(values: dict[str, Any]) -> dict[str, str]:
    stack = new_stack()
    pipeline_in(stack, code=ModelCode(name="spam", folder=ROOT / "models/spam", hyperparameters=values, dataset="mails"))
    [step] = [step for step in definition_of(template_of(stack))["Steps"] if step["Type"] == "Training"]
    found: dict[str, str] = step["Arguments"]["HyperParameters"]
    return found


def in_the_rehearsal(values: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what lies in the container's file, where it would be started."""
    import yaml

    given = yaml.safe_load((ROOT / "models/spam/model.yaml").read_text()) | {"hyperparameters": values}
    written: dict[str, str] = {}

    class Started(Exception):
        pass

    def write(_ml: Path, *, hyperparameters: dict[str, str], **_more: object) -> None:
        written.update(hyperparameters)
        raise Started

    monkeypatch.setattr("mlp.models.scripts.training_contract.write", write)
    monkeypatch.setattr("mlp.models.scripts.training_contract.make_folders", lambda _: None)
    scripts = ModelScripts.__new__(ModelScripts)
    scripts._definition = ModelDefinition(**given)

    class Told:
        ml = folder

        @staticmethod
        def told(text: str) -> str:
            return text

    monkeypatch.setattr(ModelScripts, "_container", lambda *_: Told)
    with pytest.raises(Started):
        scripts.train()
    return written


def test_the_pipeline_the_rehearsal_and_a_notebook_send_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {key: json.dumps(value) for key, value in VALUES.items()}
    assert job_request.hyperparameters(VALUES) == expected
    for found in (in_the_pipeline(VALUES), in_the_rehearsal(VALUES, tmp_path, monkeypatch)):
        assert {key: value for key, value in found.items() if key not in OURS} == expected
        assert found.keys() - expected.keys() == OURS


WRONG = [
    ({"x": None}, r"hyperparameters\['x'\]: got 'None' \(NoneType\); give a text, a number or a boolean"),
    ({"x": [1]}, r"hyperparameters\['x'\]: got '\[1\]' \(list\)"),
    ({"x": {"a": 1}}, r"\(dict\)"),
    ({"x": "y" * 2499}, "at most 2500 characters"),
    ({"": 1}, "1 to 256 characters"),
    ({"x" * 257: 1}, "1 to 256 characters"),
    ({"sagemaker_program": "x"}, "does not begin with sagemaker_"),
    ({str(number): 1 for number in range(98)}, "at most 97 fit"),
]


@pytest.mark.parametrize(("values", "expected"), WRONG)
def test_what_cannot_be_an_argument_is_refused_by_name_in_a_notebook(values: dict, expected: str) -> None:
    with pytest.raises(MlpError, match=expected):
        job_request.hyperparameters(values)


@pytest.mark.parametrize(("values", "expected"), WRONG)
def test_and_in_a_models_configuration(values: dict, expected: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s)hyperparameters.*{expected}"):
        ModelDefinition(**definition(hyperparameters=values))


@given(
    st.dictionaries(
        st.text(min_size=1).filter(lambda name: not name.startswith("sagemaker_")),
        st.text() | st.integers() | st.booleans(),
        max_size=5,
    )
)
def test_what_is_encoded_is_read_back_the_same(values: dict[str, Any]) -> None:
    found = encoded(values)
    assert {key: json.loads(value) for key, value in found.items()} == values
    assert [type(json.loads(value)) for value in found.values()] == [type(value) for value in values.values()]


@pytest.mark.parametrize("given", [[], "", 0, False, [("a", 1)]])
def test_what_is_no_mapping_is_refused_even_when_it_is_empty(given: Any) -> None:
    with pytest.raises(MlpError, match=f"got {type(given).__name__}; give a mapping"):
        job_request.hyperparameters(given)
