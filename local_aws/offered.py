"""What the embedded AWS offers, as the tables of docs/embedded-aws.md: `python -m local_aws.offered docs/embedded-aws.md`."""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from local_aws.cloudformation import TYPES
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker import model_data
from local_aws.sagemaker.endpoints import models, rollout, runtime
from local_aws.sagemaker.jobs import processing_rules, training_rules
from local_aws.sagemaker.pipelines import executions
from local_aws.sagemaker.pipelines.definition_steps import OWN
from local_aws.sagemaker.registry import packages
from local_aws.service import JsonService
from local_aws.services import Services

BEGIN, END = "<!-- offered: begin -->\n", "<!-- offered: end -->\n"
_CONTAINER = tuple(f"PrimaryContainer.{member}" for member in (*models.NOT_OFFERED_IN_CONTAINERS, *model_data.NOT_OFFERED))
REFUSED = {
    "CreateEndpoint": rollout.NOT_OFFERED,
    "CreateEndpointConfig": models.NOT_OFFERED,
    "CreateModel": _CONTAINER,
    "CreateModelPackage": packages.NOT_OFFERED,
    "CreateProcessingJob": processing_rules.NOT_OFFERED,
    "CreateTrainingJob": training_rules.NOT_OFFERED,
    "InvokeEndpoint": tuple(runtime.NOT_OFFERED.values()),
    "StartPipelineExecution": executions.NOT_OFFERED,
    "UpdateEndpoint": rollout.NOT_OFFERED,
}
"""Members that an operation refuses by name."""


def tables() -> str:
    """Return the tables, in Markdown."""
    with tempfile.TemporaryDirectory() as state:
        services = Services("http://127.0.0.1:9", Path(state), Caller("", "000000000000", "us-east-1"))
        return "\n".join(_lines(services))


def renewed(page: str) -> str:
    """Return `page` with its tables written anew.

    Raises
    ------
    ValueError
        Where the page has no place for them.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must have the lines {BEGIN.strip()} and {END.strip()}")
    return f"{head}{BEGIN}{tables()}{END}{tail}"


def _lines(services: Services) -> Iterator[str]:
    yield from _service("SageMaker", services.sagemaker)
    yield from _list("SageMaker Runtime", "One operation, `InvokeEndpoint`, refuses", REFUSED["InvokeEndpoint"])
    yield from _service("Application Auto Scaling", services.scaling)
    yield from _list("Steps of a pipeline's definition", "Offered are", OWN)
    yield from _list("CloudFormation", "Of the two services' resource types there are", TYPES)


def _service(name: str, service: JsonService) -> Iterator[str]:
    count, total = len(service.offered), len(service.model.operation_names)
    yield f"### {name}\n"
    yield f"{count} of the {total} operations of botocore's model; each other answers `NotImplemented` with its name.\n"
    yield "| operation | refuses by name |\n|---|---|"
    for operation in service.offered:
        yield f"| `{operation}` | {_names(REFUSED.get(operation, ()))} |"
    yield ""


def _list(name: str, beginning: str, found: Iterable[str]) -> Iterator[str]:
    yield f"### {name}\n\n{beginning} {_names(found)}.\n"


def _names(found: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(found))


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(renewed(page.read_text()))
