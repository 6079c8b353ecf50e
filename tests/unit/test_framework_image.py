"""Image URIs in every region."""

import pytest
from aws_cdk import App, Stack

from ml_platform import FrameworkImage
from tests.helpers import new_stack


def image(stack: Stack, **values) -> FrameworkImage:
    return FrameworkImage(stack, "Image", **{"framework": "sklearn", "version": "1.9-0", **values})


def test_a_known_region_resolves_at_synth() -> None:
    stack = new_stack()
    uri = stack.resolve(image(stack).uri)
    assert uri["Fn::Join"][1][0] == "492215442770.dkr.ecr.eu-central-1."
    assert uri["Fn::Join"][1][-1] == "/sagemaker-scikit-learn:1.9-0-cpu-py3"
    assert {"Ref": "AWS::URLSuffix"} in uri["Fn::Join"][1]


def test_an_unknown_region_is_looked_up_at_deployment() -> None:
    stack = Stack(App(), "Anywhere")
    assert "Fn::FindInMap" in str(stack.resolve(image(stack).uri))


@pytest.mark.parametrize(
    ("values", "expected"),
    [({"framework": "fortran"}, "allowed: sklearn"), ({"version": "latest"}, "allowed: .*1.9-0")],
)
def test_unknown_images_are_refused(values: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        image(new_stack(), **values)


def test_a_region_without_the_image_is_refused() -> None:
    stack = Stack(App(), "Mars", env={"account": "111122223333", "region": "mars-north-1"})
    with pytest.raises(ValueError, match=r"no sklearn image in region 'mars-north-1'; allowed: .*eu-central-1"):
        image(stack)
