"""The page of what the embedded AWS offers says what the code offers."""

from pathlib import Path

import pytest
from botocore.model import Shape

from local_aws.offered import REFUSED, renewed
from local_aws.service import JsonService

PAGE = Path(__file__).parents[2] / "docs/embedded-aws.md"
MODELS = {name: JsonService(name).model for name in ("sagemaker", "sagemaker-runtime")}


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text()
    assert page == renewed(page), "write them anew: python -m local_aws.offered docs/embedded-aws.md"


def test_a_page_without_a_place_for_them_is_refused() -> None:
    with pytest.raises(ValueError, match="offered: begin"):
        renewed("# Nothing\n")


@pytest.mark.parametrize(("operation", "member"), [(name, member) for name, members in REFUSED.items() for member in members])
def test_what_is_refused_exists_on_aws(operation: str, member: str) -> None:
    model = MODELS["sagemaker-runtime" if operation == "InvokeEndpoint" else "sagemaker"]
    shape: Shape = model.operation_model(operation).input_shape
    for part in member.partition("=")[0].split("."):
        if shape.type_name == "list":
            shape = shape.member
        assert part in shape.members, f"{operation} has no {member}"
        shape = shape.members[part]
