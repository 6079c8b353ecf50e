"""Parts of the embedded AWS that need no server: validation, images, rollouts, expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.cloudformation.base import converted
from local_aws.errors import ServiceError
from local_aws.sagemaker.endpoints.rollout import check_guardrails, shares
from local_aws.sagemaker.pipelines.expressions import Resolver, Unresolvable
from local_aws.service import JsonService
from local_aws.validation import _compiled, problems

SAGEMAKER = JsonService("sagemaker").model
CREATE_MODEL = SAGEMAKER.operation_model("CreateModel").input_shape


def test_every_pattern_of_the_models_can_be_checked() -> None:
    for name in ("sagemaker", "application-autoscaling"):
        model = JsonService(name).model
        for shape_name in model.shape_names:
            pattern = model.shape_for(shape_name).metadata.get("pattern")
            if pattern:
                _compiled(pattern)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, "'modelName' failed to satisfy constraint: Member must not be null"),
        ({"ModelName": "a b"}, "regular expression pattern"),
        ({"ModelName": "a" * 64}, "length less than or equal to 63"),
        ({"ModelName": "a", "Nonsense": 1}, "Unknown parameter at 'nonsense'"),
        ({"ModelName": 7}, "must be a string, not int"),
        ({"ModelName": "a", "EnableNetworkIsolation": "yes"}, "must be a boolean"),
        ({"ModelName": "a", "Containers": {}}, "must be a list"),
        ({"ModelName": "a", "PrimaryContainer": {"Mode": "Twin"}}, "enum value set: [SingleModel, MultiModel]"),
    ],
)
def test_what_the_model_forbids_is_named(request_: dict, expected: str) -> None:
    assert any(expected in problem for problem in problems(CREATE_MODEL, request_))


def test_a_valid_request_has_no_problems() -> None:
    assert list(problems(CREATE_MODEL, {"ModelName": "a", "Tags": [{"Key": "k", "Value": ""}]})) == []


def test_template_strings_become_what_the_api_asks_for() -> None:
    shape = SAGEMAKER.operation_model("CreateEndpointConfig").input_shape
    values = {"ProductionVariants": [{"InitialInstanceCount": "2", "InitialVariantWeight": "1.5", "EnableSSMAccess": "true"}]}
    assert converted(shape, values) == {
        "ProductionVariants": [{"InitialInstanceCount": 2, "InitialVariantWeight": 1.5, "EnableSSMAccess": True}]
    }


def policy(kind: str, value: int, unit: str = "CAPACITY_PERCENT") -> dict:
    size = {"Type": unit, "Value": value}
    field = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    return {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": 0} | ({field: size} if field else {})}


def test_traffic_shifts_as_the_strategy_says() -> None:
    assert list(shares({}, 1)) == [1.0]
    assert list(shares(policy("ALL_AT_ONCE", 0), 1)) == [1.0]
    assert list(shares(policy("CANARY", 1, "INSTANCE_COUNT"), 4)) == [0.25, 1.0]
    assert list(shares(policy("LINEAR", 25), 4)) == [0.25, 0.5, 0.75, 1.0]
    assert list(shares(policy("LINEAR", 40), 10)) == pytest.approx([0.4, 0.8, 1.0])
    assert list(shares(policy("LINEAR", 30), 10)) == pytest.approx([0.3, 0.6, 0.9, 1.0])


@given(kind=st.sampled_from(["CANARY", "LINEAR"]), percent=st.integers(10, 50))
def test_shares_only_grow_and_end_with_everything(kind: str, percent: int) -> None:
    found = list(shares(policy(kind, percent), 10))
    assert found == sorted(found) and found[-1] == 1.0 and found[0] > 0


@pytest.mark.parametrize(
    ("deployment", "instances", "expected"),
    [
        ({"BlueGreenUpdatePolicy": policy("CANARY", 50)}, 1, "at most 50%"),
        ({"BlueGreenUpdatePolicy": policy("CANARY", 2, "INSTANCE_COUNT")}, 3, "at most 50%"),
        ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "LINEAR"}}}, 4, "LinearStepSize is required"),
        ({"RollingUpdatePolicy": {}}, 4, "does not offer DeploymentConfig.RollingUpdatePolicy; AWS does"),
    ],
)
def test_guardrails_that_aws_refuses_are_refused(deployment: dict, instances: int, expected: str) -> None:
    with pytest.raises(ServiceError, match=expected):
        check_guardrails(deployment, instances)


def resolver(content: bytes = b'{"metrics": {"auc": 0.9}}') -> Resolver:
    found = Resolver({"Rate": "0.1"}, {"PipelineExecutionId": "e1"}, lambda _uri: content)
    output = {"OutputName": "result", "S3Output": {"S3Uri": "s3://b/out"}}
    step = {"Name": "judge", "PropertyFiles": [{"PropertyFileName": "file", "OutputName": "result", "FilePath": "x.json"}]}
    found.add_step(step, {"ProcessingOutputConfig": {"Outputs": [output]}})
    return found


GET = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.judge.PropertyFiles.file"}, "Path": "metrics.auc"}}


def test_expressions_are_resolved() -> None:
    join = {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Execution.PipelineExecutionId"}, {"Get": "Parameters.Rate"}]}}
    assert resolver().resolve({"a": [join]}) == {"a": ["s3://e1/0.1"]}
    uri = {"Get": "Steps.judge.ProcessingOutputConfig.Outputs['result'].S3Output.S3Uri"}
    assert resolver().resolve(uri) == "s3://b/out"
    assert resolver().resolve(GET) == 0.9


@pytest.mark.parametrize(("content", "expected"), [(b"{}", "there is no 'metrics'"), (b"nonsense", "is not JSON")])
def test_what_cannot_be_resolved_says_why(content: bytes, expected: str) -> None:
    with pytest.raises(Unresolvable, match=expected):
        resolver(content).resolve(GET)
