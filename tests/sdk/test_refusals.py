"""What IAM refuses the unchanged SDK in a notebook: whatever lacks the platform's tags, keys or role."""

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from deployed import ACCOUNT, REGION, Deployed
from in_notebook import ENVIRONMENT_TAG, NOTEBOOK_TAG, OTHER, TAGS, Notebook

if TYPE_CHECKING:
    from sagemaker.core.resources import TrainingJob


def tagged(**changes: str) -> list[dict[str, str]]:
    """Tags as `ModelTrainer` wants them, with other values for some; an empty value leaves one out."""
    names = {"notebook": NOTEBOOK_TAG, "environment": ENVIRONMENT_TAG}
    found = TAGS | {names[key]: value for key, value in changes.items()}
    return [{"key": key, "value": value} for key, value in found.items() if value]


COMPUTE = {"instance_type": "ml.m5.large", "instance_count": 1}
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"
INCOMPLETE: dict[str, Callable[[Notebook], dict[str, Any]]] = {
    "any tag": lambda n: {"tags": None},
    "the notebook's tag": lambda n: {"tags": tagged(notebook="")},
    "the environment's tag": lambda n: {"tags": tagged(environment="")},
    "its own notebook's tag": lambda n: {"tags": tagged(notebook=OTHER)},
    "a key for the volume": lambda n: {"compute": COMPUTE},
    "the platform's key for the volume": lambda n: {"compute": {**COMPUTE, "volume_kms_key_id": OTHER_KEY}},
    "a key for the artifact": lambda n: {"output_data_config": {"s3_output_path": f"s3://{n.artifacts}/notebooks/demo/jobs"}},
    "its own job role": lambda n: {"role": n.role_arn},
}


@pytest.mark.parametrize("lacking", INCOMPLETE)
def test_a_training_job_is_refused_without(deployed: Deployed, notebook: Notebook, person: ModuleType, lacking: str) -> None:
    trainer = person.model_trainer(**notebook.trainer(**INCOMPLETE[lacking](notebook)))
    with pytest.raises(ClientError, match=r"is not authorized to perform: (sagemaker:CreateTrainingJob|iam:PassRole)") as caught:
        trainer.train(input_data_config=[person.channel(deployed.data)], wait=False)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_model_is_refused_under_the_notebooks_own_role_which_is_the_sdks_choice(
    person: ModuleType, trained: "TrainingJob"
) -> None:
    builder = person.model_builder(trained.model_artifacts.s3_model_artifacts)
    with pytest.raises(ClientError, match="is not authorized to perform: iam:PassRole"):
        builder.build(model_name=person.unique())


def test_an_endpoint_is_refused_without_its_expiry(notebook: Notebook, person: ModuleType, trained: "TrainingJob") -> None:
    builder = person.model_builder(trained.model_artifacts.s3_model_artifacts, **notebook.builder())
    builder.build(model_name=person.unique())
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:CreateEndpoint "):
        builder.deploy(endpoint_name=person.unique(), instance_type="ml.m5.large", wait=False)
