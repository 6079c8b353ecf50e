"""The rendered defaults file, judged by the SDK's own schema; no AWS is needed."""

from importlib.metadata import version

import jsonschema
import pytest
import yaml
from deployed import ROOT
from in_notebook import TAGS, sdk_defaults
from packaging.requirements import Requirement
from sagemaker.core.config.config_manager import SageMakerConfig

VALUES = {
    "role_arn": "arn:aws:iam::111122223333:role/path/some-role",
    "bucket": "some-bucket",
    "prefix": "notebooks/demo/jobs",
    "key_arn": "arn:aws:kms:eu-central-1:111122223333:key/0339abd0-8a7d-42e4-919b-912376591ad1",
    "tags": TAGS,
}
NETWORKS = {"in a VPC": (["subnet-0123456789abcdef0"], ["sg-0123456789abcdef0"]), "without a VPC": ([], [])}


@pytest.fixture(params=NETWORKS)
def content(request: pytest.FixtureRequest) -> dict:
    subnets, groups = NETWORKS[request.param]
    return yaml.safe_load(sdk_defaults().render_sdk_defaults(subnets=subnets, security_groups=groups, **VALUES))


def test_the_sdk_is_the_one_that_is_pinned() -> None:
    lines = (ROOT / "requirements-sdk.txt").read_text().splitlines()
    requirements = [Requirement(line.removesuffix("\\")) for line in lines if line[:1].isalnum()]
    here = [requirement for requirement in requirements if requirement.marker is None or requirement.marker.evaluate()]
    assert len(here) > 100
    assert {entry.name: f"=={version(entry.name)}" for entry in here} == {entry.name: str(entry.specifier) for entry in here}


def test_the_sdks_own_schema_accepts_the_file(content: dict) -> None:
    SageMakerConfig.validate_sagemaker_config(content)


@pytest.mark.parametrize("place", ["SageMaker", "SageMaker.PythonSDK", "SageMaker.TrainingJob", "SageMaker.EndpointConfig"])
def test_the_sdks_own_schema_refuses_a_key_that_it_does_not_know(content: dict, place: str) -> None:
    section = content
    for key in place.split("."):
        section = section[key]
    section["Resources"] = {}
    with pytest.raises(jsonschema.ValidationError, match="'Resources' was unexpected"):
        SageMakerConfig.validate_sagemaker_config(content)
