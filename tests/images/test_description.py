"""What is written about an image is whole, and what is installed is what is written."""

import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from local_aws.containers import environments
from local_aws.containers.environments import Environment
from mlp.in_notebook import trained
from platform_contract import images
from platform_contract.serving import ENVIRONMENT as SERVING_ENVIRONMENT

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"


def test_images_are_told_apart() -> None:
    assert images.of_uri(f"{REGISTRY}/sagemaker-scikit-learn:1.9-0-cpu-py3").name == "sklearn-1.9-0"
    for uri, expected in (
        (f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3", "offered as 1.9-0-cpu-py3, not as 1.2-1-cpu-py3"),
        (f"{REGISTRY}/sagemaker-scikit-learn", "not as latest"),
        (f"{REGISTRY}/pytorch-training:2.8", "no equivalent of image"),
        ("a b", "no equivalent of image a b"),
    ):
        with pytest.raises(ValueError, match=expected):
            images.of_uri(uri)


@pytest.mark.parametrize("image", images.offered().values(), ids=list(images.offered()))
def test_a_description_is_whole(image: images.Image) -> None:
    assert all(pin.count("==") == 1 for pin in image.pins)
    assert {"sagemaker-training", "gunicorn", "pip", "setuptools"} <= set(image.versions)
    assert image.tag.startswith(image.version)
    assert {"us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"} <= set(image.accounts)
    assert image.serving_environment.items() <= SERVING_ENVIRONMENT.items() <= trained.SERVING_ENVIRONMENT.items()


def test_installed_is_awss_lock(environment: Environment) -> None:
    found = {
        entry.metadata["Name"].lower().replace("_", "-").replace(".", "-"): entry.version
        for entry in distributions(path=[str(environment.folder / environment.site_packages)])
    }
    wanted = environment.image.versions
    different = {name for name, version in wanted.items() if found.get(name.replace("_", "-").replace(".", "-")) != version}
    told = " ".join(environment.differences)
    assert all(f"{name} " in told for name in different), f"{different} differ, told is: {told}"
    assert environment.minor == environment.image.python or f"Python {environment.minor} instead of" in told
    if sys.version_info[:2] == (3, 12):  # then nothing may differ
        assert not different
    assert set(found) == {name.replace("_", "-").replace(".", "-") for name in wanted}


def test_a_second_environment_is_made_of_what_the_first_one_left_untouched(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_AWS_IMAGES", str(tmp_path))
    made = environments.prepare(environment.image)
    assert made.folder != environment.folder and made.differences == environment.differences
    for patch in environment.image.patches:
        assert patch.by in (made.folder / made.site_packages / patch.file).read_text()
