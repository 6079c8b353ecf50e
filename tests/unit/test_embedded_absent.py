"""What is not there: AWS's code and words, and the same of every operation that names it."""

from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker import store as stores
from local_aws.sagemaker.absent import WORDS
from local_aws.sagemaker.endpoints.models import Models
from local_aws.sagemaker.endpoints.service import Endpoints
from local_aws.sagemaker.jobs.processing import ProcessingJobs
from local_aws.sagemaker.jobs.training import TrainingJobs
from local_aws.sagemaker.registry.service import Registry
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.tags import Tags

CALLER = Caller("person", "111122223333", "eu-central-1")
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(stores, "authorize", lambda *_: None)
    store = Store()
    models = Models(store)
    parts = [models, Endpoints(store, models, NOWHERE), Registry(store), Tags(store)]
    parts += [TrainingJobs(store, NOWHERE), ProcessingJobs(store, NOWHERE)]
    return {name: operation for part in parts for name, operation in part.operations.items()}


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        call(CALLER, parameters)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("operation", "parameters", "begins"),
    [
        # Code and prefix: aws-controllers-k8s/sagemaker-controller, generator.yaml, exceptions.errors.404 of each resource.
        ("DescribeTrainingJob", {"TrainingJobName": "x"}, "Requested resource not found"),
        ("StopTrainingJob", {"TrainingJobName": "x"}, "Requested resource not found"),
        ("DescribeProcessingJob", {"ProcessingJobName": "x"}, "Could not find requested job"),
        ("StopProcessingJob", {"ProcessingJobName": "x"}, "Could not find requested job"),
        ("DescribeModel", {"ModelName": "x"}, "Could not find model"),
        ("DeleteModel", {"ModelName": "x"}, "Could not find model"),
        ("DescribeEndpointConfig", {"EndpointConfigName": "x"}, "Could not find endpoint configuration"),
        ("DeleteEndpointConfig", {"EndpointConfigName": "x"}, "Could not find endpoint configuration"),
        ("DescribeEndpoint", {"EndpointName": "x"}, "Could not find endpoint"),
        ("DeleteEndpoint", {"EndpointName": "x"}, "Could not find endpoint"),
    ],
)
def test_aws_words_are_recognized_by_its_controller(operations, operation: str, parameters: dict[str, Any], begins: str) -> None:
    code, message = refused(operations[operation], **parameters)
    assert code == "ValidationException" and message.startswith(begins)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("DescribeModelPackage", "ModelPackageName"),
        ("DeleteModelPackage", "ModelPackageName"),
        ("DescribeModelPackageGroup", "ModelPackageGroupName"),
        ("DeleteModelPackageGroup", "ModelPackageGroupName"),
    ],
)
def test_packages_that_are_not_there_end_as_its_controller_expects(operations, operation: str, name: str) -> None:
    kind = "model-package/x/1" if "Group" not in operation else "x"
    code, message = refused(operations[operation], **{name: f"{ARN}{kind}" if "/" in kind else kind})
    assert code == "ValidationException" and message.endswith("does not exist.")


@pytest.mark.parametrize("kind", WORDS)
@pytest.mark.parametrize(
    ("operation", "more"),
    [("ListTags", {}), ("AddTags", {"Tags": [{"Key": "a", "Value": "b"}]}), ("DeleteTags", {"TagKeys": ["a"]})],
)
def test_tags_of_what_is_not_there_are_refused_as_it_is_described(operations, kind: str, operation: str, more) -> None:
    code, message = refused(operations[operation], ResourceArn=f"{ARN}{kind}/x", **more)
    expected = WORDS[kind](f"{ARN}{kind}/x", "x")
    assert (code, message) == (expected.code, expected.message)


def test_tags_of_a_kind_that_is_not_offered_are_refused_by_name(operations) -> None:
    code, message = refused(operations["ListTags"], ResourceArn=f"{ARN}domain/d-1")
    assert code == "ValidationException" and "is not a resource that the embedded AWS offers" in message
