"""What SageMaker answers about something that is not there: another code and other words for each kind of resource.

Codes and the beginnings (or ends) of the words are those by which AWS's own Kubernetes controller recognizes them
(`exceptions` in generator.yaml of aws-controllers-k8s/sagemaker-controller); of pipelines, which that does not know, the API
reference names ResourceNotFound.
"""

from collections.abc import Callable

from local_aws.errors import ServiceError, invalid, not_found

LIFECYCLE = "Unable to describe Notebook Instance Lifecycle Config"
WORDS: dict[str, Callable[[str, str], ServiceError]] = {
    "code-repository": lambda arn, _: invalid(f"Cannot find CodeRepository: {arn}"),
    "endpoint": lambda arn, _: invalid(f'Could not find endpoint "{arn}".'),
    "endpoint-config": lambda arn, _: invalid(f'Could not find endpoint configuration "{arn}".'),
    "model": lambda arn, _: invalid(f'Could not find model "{arn}".'),
    "model-package": lambda arn, _: invalid(f"ModelPackage {arn} does not exist."),
    "model-package-group": lambda arn, _: invalid(f"Model Package Group {arn} does not exist."),
    "notebook-instance": lambda _arn, _: invalid("RecordNotFound"),
    "notebook-instance-lifecycle-config": lambda arn, _: invalid(
        f"{LIFECYCLE} '{arn}'. (Details: Notebook Instance Lifecycle Config does not exist.)"
    ),
    "pipeline": lambda arn, _: not_found(f"Pipeline '{arn}' does not exist."),
    "pipeline-execution": lambda arn, _: not_found(f"Pipeline execution with ARN {arn} does not exist."),
    "processing-job": lambda _arn, name: invalid(f"Could not find requested job with name: {name}"),
    "training-job": lambda _arn, _: invalid("Requested resource not found."),
}
"""By kind, as ARNs name it: the error for an ARN and a name."""


def absent(kind: str, arn: str, name: str) -> ServiceError:
    """Return the error for a resource that is not there."""
    return WORDS[kind](arn, name)
