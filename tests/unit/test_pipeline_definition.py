"""Typed steps render what the embedded SageMaker, which checks as AWS does, accepts; what is broken is refused by name."""

import json

import pytest
from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_

from local_aws.errors import ServiceError
from local_aws.sagemaker.pipelines.definition import parse
from local_aws.service import JsonService
from ml_platform.training.pipeline import (
    Channel,
    Condition,
    ConditionStep,
    FailStep,
    In,
    JsonGet,
    LambdaStep,
    Not,
    Or,
    Parameter,
    PipelineDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingStep,
    RegisterStep,
    TrainingStep,
    lambda_output,
    parameter,
    processing_output,
    step_property,
)
from tests.helpers import new_stack

MODEL = JsonService("sagemaker").model
ROLE = "arn:aws:iam::111122223333:role/duty-of-some-length"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:ask"


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


def training(**changes) -> TrainingStep:
    values = {
        "name": "train",
        "image_uri": "1.dkr.ecr.eu-central-1.amazonaws.com/image:1",
        "role_arn": ROLE,
        "kms_key_arn": "arn:aws:kms:eu-central-1:111122223333:key/k",
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "volume_gb": 30,
        "max_runtime_seconds": 60,
        "hyperparameters": {"a": "1"},
        "channels": [Channel(name="train", s3_uri=parameter("InputData"))],
        "output_s3_uri": "s3://b/model",
    }
    return TrainingStep(**{**values, **changes})


def register(**changes) -> RegisterStep:
    values = {
        "name": "register",
        "group_name": "group",
        "image_uri": "1.dkr.ecr.eu-central-1.amazonaws.com/image:1",
        "model_data": parameter("InputData"),
        "environment": {},
        "content_type": "application/json",
        "statistics": "s3://b/evaluation.json",
    }
    return RegisterStep(**{**values, **changes})


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
        (["Steps", 0, "Type"], "Lambada", "type 'Lambada' is not offered"),
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


INPUT_DATA = (Parameter("InputData", "s3://b/raw/"),)


def refused(*steps, parameters=INPUT_DATA) -> str:
    with pytest.raises(ValueError) as caught:
        PipelineDefinition(parameters, steps).render()
    return str(caught.value)


def reading(name: str, *sources, **changes) -> ProcessingStep:
    """A step that reads the values."""
    inputs = [ProcessingInput(name=f"i{number}", s3_uri=source) for number, source in enumerate(sources)]
    return processing(name, inputs=inputs, **changes)


def ask(name: str = "ask", **changes) -> LambdaStep:
    values = {"name": name, "function": FUNCTION, "arguments": {"data": parameter("InputData")}, "outputs": ["answer"]}
    return LambdaStep(**{**values, **changes})


def branch(name: str, *steps, condition=None) -> ConditionStep:
    condition = condition or Condition(left=parameter("InputData"), operator="Equals", right="x")
    return ConditionStep(name=name, conditions=[condition], if_steps=steps)


def test_a_property_file_that_the_step_has_not_is_refused() -> None:
    assert "property files of 'prepare' are: result" in refused(processing(), gate(file="other"))
    definition = render(processing(), gate())
    text = json.dumps(definition).replace("PropertyFiles.result", "PropertyFiles.other")
    assert "property files ['result']" in refusal(json.loads(text))
    assert "step 'prepare': property file 'result' is of the output 'gone', but outputs here are: out" in refused(
        processing(property_files={"result": ("gone", "x")})
    )


def test_a_cycle_is_refused_with_the_steps_that_are_in_it() -> None:
    first = reading("one", processing_output("two", "out"), parameter("InputData"))
    second = reading("two", processing_output("one", "out"))
    assert "it waits for itself: one -> two -> one" in refused(first, second)
    assert "waits for itself" in refused(processing("a", depends_on=["b"]), processing("b", depends_on=["a"]))


def test_a_cycle_through_a_condition_is_refused() -> None:
    after = reading("after", step_property("gate", "Outcome"))
    asked = Condition(left=processing_output("after", "out"), operator="Equals", right="x")
    assert "waits for itself: gate -> after -> gate" in refused(branch("gate", condition=asked), after)


def test_a_step_in_a_branch_is_unknown_outside() -> None:
    outside = reading("outside", processing_output("inside", "out"))
    expected = "which is in IfSteps of 'gate' and may not run; only steps of that branch may use it"
    assert (
        f"step 'outside': refers to \"Steps.inside.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri\", {expected}"
        in refused(branch("gate", processing("inside")), outside)
    )
    assert f"step 'outside': depends on 'inside', {expected}" in refused(
        branch("gate", processing("inside")), processing("outside", depends_on=["inside"])
    )
    other = ConditionStep(
        name="gate",
        conditions=[Condition(left=parameter("InputData"), operator="Equals", right="x")],
        if_steps=[processing("inside")],
        else_steps=[outside],
    )
    assert "in IfSteps of 'gate'" in refused(other)


def test_a_step_in_a_branch_may_read_its_neighbours_and_what_is_outside() -> None:
    after = reading("after", step_property("gate", "Outcome"))
    last = reading(
        "last", processing_output("prepare", "out"), processing_output("inside", "out"), processing_output("after", "out")
    )
    definition = render(processing(), branch("gate", processing("inside"), last), after)
    assert {step["Name"] for step in parse(json.dumps(definition), MODEL).steps} == {"prepare", "gate", "after"}


def test_conditions_do_not_nest() -> None:
    assert "step 'gate': it holds the condition step 'deep'; SageMaker offers no nested conditions" in refused(
        branch("gate", branch("deep"))
    )


def test_nothing_can_wait_for_a_step_that_runs_nothing() -> None:
    for other, kind in ((branch("other"), "Condition"), (FailStep(name="other", message="no"), "Fail")):
        assert f"step 'x': depends on 'other', but nothing can wait for a {kind} step" in refused(
            other, processing("x", depends_on=["other"])
        )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda_output("ask", "other"), "outputs of 'ask' are: answer"),
        (step_property("ask", "Arn"), "outputs of 'ask' are: answer"),
        (processing_output("prepare", "gone"), "outputs of 'prepare' are: out"),
        (step_property("decide", "Value"), "'decide' has the property Outcome only"),
        (step_property("stop", "ErrorMessage"), "'stop' ends the execution"),
        (parameter("Gone"), "parameters here are: InputData"),
        ({"Get": "Execution.Mood"}, "execution here are: CurrentDateTime"),
        ({"Get": "Nonsense"}, "nonsense here are: none"),
        (step_property("use", "X"), "steps here are: ask, decide, prepare, stop"),
    ],
)
def test_a_reference_to_what_a_step_has_not_is_refused_with_what_it_has(value: dict, expected: str) -> None:
    steps = [processing(), ask(), branch("decide"), FailStep(name="stop", message="no"), reading("use", value)]
    message = refused(*steps)
    assert "step 'use': refers to" in message and expected in message


def test_a_parameter_that_no_step_reads_is_refused() -> None:
    both = (Parameter("InputData", "s3://b/raw/"), Parameter("Colour", "red"))
    assert "parameter 'Colour': no step reads it" in refused(processing(), parameters=both)
    twice = (Parameter("InputData"), Parameter("InputData"))
    assert "parameter 'InputData': 2 parameters have this name" in refused(processing(), parameters=twice)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Parameter("InputData", 1), "the default 1 is no String"),
        (Parameter("InputData", True, "Integer"), "the default True is no Integer"),
        (Parameter("InputData", "x", "Float"), "the default 'x' is no Float"),
        (Parameter("InputData", 1, "Boolean"), "the default 1 is no Boolean"),
        (Parameter("InputData", "x" * 1025), "1025 characters, of which SageMaker takes 1024"),
        (Parameter("Input Data"), "1 to 256 letters, digits, - or _"),
    ],
)
def test_a_parameter_that_aws_would_refuse_is_refused(made: Parameter, expected: str) -> None:
    assert expected in refused(processing(), parameters=(made,))


def test_parameters_of_all_types_are_accepted_with_and_without_default() -> None:
    made = [Parameter("A"), Parameter("B", 1, "Integer"), Parameter("C", 1, "Float"), Parameter("D", False, "Boolean")]
    step = ask(arguments={one.name: parameter(one.name) for one in made})
    parsed = parse(json.dumps(PipelineDefinition(made, [step]).render()), MODEL)
    assert parsed.parameters == {"A": None, "B": 1, "C": 1, "D": False}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (processing("a b"), "the name must be 1 to 64 letters, digits, - or _ (API: StepName), got 'a b'"),
        (processing("x" * 65), "the name must be 1 to 64"),
        (processing(entrypoint=["y" * 257]), "a word of the command has 257 characters, of which SageMaker takes 256"),
        (processing(environment={"A": "y" * 257}), "an environment variable has 257 characters"),
        (processing(environment={"1A": "y"}), "an environment variable's name must be of the pattern"),
        (processing(outputs=[ProcessingOutput(name=str(n), s3_uri="s3://b/x") for n in range(11)]), "11 outputs"),
        (reading("prepare", *["s3://b/x"] * 11), "11 inputs, of which SageMaker takes 10"),
        (processing(inputs=[ProcessingInput(name="a", s3_uri="s3://b")] * 2), "two inputs have one name: a, a"),
        (ask("prepare", arguments={"rules": [1]}), "argument 'rules' must be a string, a number, a boolean or an expression"),
        (ask("prepare", outputs=["it's"]), "an output's name must be of the pattern"),
        (ask("prepare", outputs=["a", "a"]), "two outputs have one name: a, a"),
        (ask("prepare", outputs=[str(n) for n in range(51)]), "51 outputs, of which SageMaker takes 50"),
        (FailStep(name="prepare", message="x" * 3073), "the message has 3073 characters"),
        (ConditionStep(name="prepare", conditions=[]), "needs at least one condition"),
        (training(channels=[Channel(name="a b", s3_uri="s3://b/x")]), "a channel's name must be of the pattern"),
        (training(channels=[Channel(name="a", s3_uri="s3://b/x")] * 2), "two channels have one name: a, a"),
        (register(metadata={"gate": "a, b"}), "metadata 'gate': the value must be 1 to 256 letters"),
        (register(metadata={"gate": ""}), "metadata 'gate': the value must be 1 to 256 letters"),
        (register(metadata={"a;b": "x"}), "metadata: the key must be 1 to 128 letters"),
        (register(metadata={f"k{n}": "x" for n in range(51)}), "51 entries of metadata"),
        (ask("prepare", arguments={"text": "x" * 1_048_576}), "of which SageMaker takes 1048576; move what it carries into S3"),
    ],
)
def test_what_a_step_must_not_be_is_refused_with_its_name(step, expected: str) -> None:
    message = refused(step)
    assert f"step {step.name!r}: " in message and expected in message


def test_nothing_is_no_pipeline() -> None:
    assert "there must be at least one step" in refused(parameters=())
    assert "201 parameters" in refused(ask(), parameters=[Parameter(f"P{n}") for n in range(201)])


def test_a_function_is_called_by_its_object_or_its_arn() -> None:
    made = lambda_.Function(
        new_stack(),
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="x.y",
        code=lambda_.Code.from_inline("def y(): pass"),
    )
    assert ask(function=made).render()["FunctionArn"] == made.function_arn
    assert ask().render() == {
        "Name": "ask",
        "Type": "Lambda",
        "Arguments": {"data": {"Get": "Parameters.InputData"}},
        "FunctionArn": FUNCTION,
        "OutputParameters": [{"OutputName": "answer", "OutputType": "String"}],
    }


def test_results_are_reused_only_where_that_is_asked_for() -> None:
    assert "CacheConfig" not in processing().render() and "CacheConfig" not in training().render()
    for step in (processing(step_cache=Duration.days(30)), training(step_cache=Duration.days(30))):
        assert step.render()["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}


def test_conditions_nest_in_the_words_of_the_definition_language() -> None:
    equal = Condition(left=lambda_output("ask", "answer"), operator="Equals", right="yes")
    condition = Or([Not(equal), In(JsonGet("prepare", "result", "a.b"), ["x", parameter("InputData")])])
    assert condition.render() == {
        "Type": "Or",
        "Conditions": [
            {
                "Type": "Not",
                "Condition": {
                    "Type": "Equals",
                    "LeftValue": {"Get": "Steps.ask.OutputParameters['answer']"},
                    "RightValue": "yes",
                },
            },
            {
                "Type": "In",
                "QueryValue": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.prepare.PropertyFiles.result"}, "Path": "a.b"}},
                "Values": ["x", {"Get": "Parameters.InputData"}],
            },
        ],
    }
    assert parse(json.dumps(render(processing(), ask(), branch("gate", condition=condition))), MODEL)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"Version": "2020-12-01", "Steps": []}'])
def test_what_is_no_definition_is_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="Unable to parse pipeline definition"):
        parse(text, MODEL)
