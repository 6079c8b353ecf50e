"""Typed steps render what the embedded SageMaker, which checks as AWS does, accepts; what is broken is refused by name."""

import json

import pytest

from local_aws.errors import ServiceError
from local_aws.sagemaker.definition import parse
from local_aws.service import JsonService
from ml_platform.pipeline import (
    Condition,
    ConditionStep,
    FailStep,
    JsonGet,
    Parameter,
    PipelineDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingStep,
    parameter,
    step_property,
)

MODEL = JsonService("sagemaker").model
ROLE = "arn:aws:iam::111122223333:role/duty-of-some-length"


def processing(name: str = "prepare", **changes) -> ProcessingStep:
    values = {
        "name": name,
        "image_uri": "1.dkr.ecr.eu-central-1.amazonaws.com/image:1",
        "role_arn": ROLE,
        "kms_key_arn": "arn:aws:kms:eu-central-1:111122223333:key/k",
        "instance_type": "ml.m5.large",
        "volume_gb": 30,
        "max_runtime_seconds": 60,
        "entrypoint": ["python3"],
        "arguments": ["x.py"],
        "inputs": [ProcessingInput(name="raw", s3_uri=parameter("InputData"))],
        "outputs": [ProcessingOutput(name="out", s3_uri="s3://b/out")],
        "property_files": {"result": ("out", "result.json")},
    }
    return ProcessingStep(**{**values, **changes})


def gate(path: str = "metrics.auc", step: str = "prepare", file: str = "result") -> ConditionStep:
    return ConditionStep(
        name="gate",
        conditions=[Condition(left=JsonGet(step, file, path), operator="GreaterThanOrEqualTo", right=0.9)],
        if_steps=[],
        else_steps=[FailStep(name="fail", message="no")],
    )


def render(*steps) -> dict:
    return PipelineDefinition([Parameter("InputData", "s3://b/raw/")], steps).render()


def refusal(definition: dict) -> str:
    with pytest.raises(ServiceError) as caught:
        parse(json.dumps(definition), MODEL)
    return str(caught.value)


def test_what_the_steps_render_is_accepted() -> None:
    parsed = parse(json.dumps(render(processing(), gate())), MODEL)
    assert [step["Name"] for step in parsed.steps] == ["prepare", "gate"]
    assert parsed.parameters == {"InputData": "s3://b/raw/"}


def test_two_renderings_are_equal_to_the_byte() -> None:
    assert json.dumps(render(processing(), gate())) == json.dumps(render(processing(), gate()))


def test_two_steps_of_one_name_are_refused_before_synth() -> None:
    with pytest.raises(ValueError, match="'prepare': 2 steps have this name"):
        render(processing(), processing())


def test_references_to_nothing_are_refused_before_synth() -> None:
    broken = processing("use", inputs=[ProcessingInput(name="a", s3_uri=step_property("nobody", "X"))])
    with pytest.raises(ValueError, match=r"step 'use': refers to 'Steps.nobody.X', but steps here are: prepare"):
        render(processing(), broken)
    with pytest.raises(ValueError, match=r"refers to 'Parameters.InputData'"):
        PipelineDefinition([], [processing()]).render()


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (["Steps", 0, "Arguments", "ProcessingResources", "ClusterConfig", "InstanceType"], "ml.big", "enum value set"),
        (["Steps", 0, "Arguments", "RoleArn"], "me", "regular expression"),
        (["Steps", 0, "Arguments", "Surprise"], 1, "Unknown parameter at 'surprise'"),
        (["Steps", 0, "Arguments", "AppSpecification"], None, "Member must not be null"),
        (["Steps", 0, "Type"], "Lambda", "type 'Lambda' is not offered"),
        (["Steps", 0, "Name"], "a b", "1 to 64 letters"),
        (["Steps", 1, "Arguments", "Conditions"], [], "needs Conditions"),
        (["Version"], "2019-01-01", "Version must be 2020-12-01"),
        (["Steps", 0, "Arguments", "ProcessingInputs", 0, "S3Input", "S3Uri"], {"Get": "Parameters.No"}, "leads nowhere"),
        (["Steps", 0, "Arguments", "ProcessingInputs", 0, "S3Input", "S3Uri"], {"Get": "Steps.gate.X"}, "no property 'X'"),
    ],
)
def test_what_aws_would_refuse_is_refused_with_the_step(path: list, value: object, expected: str) -> None:
    definition = render(processing(), gate())
    node = definition
    for key in path[:-1]:
        node = node[key]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    message = refusal(definition)
    assert expected in message
    assert path[0] != "Steps" or "Step '" in message or "step name" in message


def test_a_property_file_that_the_step_has_not_is_refused() -> None:
    assert "property files ['result']" in refusal(render(processing(), gate(file="other")))


def test_a_cycle_is_refused() -> None:
    first = processing("one", inputs=[ProcessingInput(name="a", s3_uri=step_property("two", "ProcessingOutputConfig.X"))])
    second = processing("two", inputs=[ProcessingInput(name="a", s3_uri=step_property("one", "ProcessingOutputConfig.X"))])
    assert "cycle" in refusal(PipelineDefinition([], [first, second]).render())


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"Version": "2020-12-01", "Steps": []}'])
def test_what_is_no_definition_is_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="Unable to parse pipeline definition"):
        parse(text, MODEL)
