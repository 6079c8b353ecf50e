"""Whatever valid steps are put together, AWS's checks accept what they render; whatever is broken is refused by name."""

import json
from dataclasses import dataclass, field, replace

import pytest
from aws_cdk import Duration
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_aws.sagemaker.pipelines.definition import parse
from local_aws.service import JsonService
from ml_platform.training.pipeline import (
    Channel,
    Condition,
    ConditionStep,
    Expression,
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
    Step,
    TrainingStep,
    execution_id,
    join,
    lambda_output,
    parameter,
    processing_output,
    step_property,
)
from ml_platform.training.pipeline.expressions import references

MODEL = JsonService("sagemaker").model
ROLE = "arn:aws:iam::111122223333:role/duty-of-some-length"
KEY = "arn:aws:kms:eu-central-1:111122223333:key/k"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:ask"
IMAGE = "1.dkr.ecr.eu-central-1.amazonaws.com/image:1"
PARAMETERS = [Parameter("InputData"), Parameter("Dataset", "spam@3"), Parameter("a_b-C", "")]
MACHINE = {
    "image_uri": IMAGE,
    "role_arn": ROLE,
    "kms_key_arn": KEY,
    "volume_gb": 30,
    "max_runtime_seconds": 60,
}
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
name = st.from_regex(r"[A-Za-z0-9\-_]{1,12}", fullmatch=True)
variable = st.from_regex("[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True)
word = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=20)
registered = st.text(st.characters(categories=("L", "N"), include_characters="_.:/=+-@ "), min_size=1, max_size=40)
instance = st.sampled_from(["ml.m5.large", "ml.g5.xlarge"])
step_cache = st.none() | st.integers(1, 365).map(Duration.days)


@dataclass
class World:
    """What a step under construction may read."""

    names: st.SearchStrategy[str]
    values: list[Expression] = field(default_factory=lambda: [parameter(p.name) for p in PARAMETERS] + [execution_id()])
    files: list[JsonGet] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    def text(self) -> st.SearchStrategy[str | Expression]:
        """A string, or what becomes one."""
        value = st.sampled_from(self.values)
        return st.one_of(
            value, st.just("s3://bucket/some/prefix"), st.lists(value | word, max_size=3).map(lambda v: join("/", *v))
        )

    def condition(self) -> st.SearchStrategy:
        operand = st.one_of(st.sampled_from(self.values), word, *([st.sampled_from(self.files)] if self.files else []))
        equal = st.builds(Condition, left=operand, operator=st.sampled_from(["Equals"]), right=operand | st.booleans())
        order = st.sampled_from(["GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"])
        comparison = st.builds(Condition, left=operand, operator=order, right=st.integers() | st.floats(-1e9, 1e9))
        among = st.builds(In, operand, st.lists(operand, min_size=1, max_size=3))
        return st.recursive(
            equal | comparison | among,
            lambda inner: inner.map(Not) | st.lists(inner, min_size=1, max_size=3).map(Or),
            max_leaves=4,
        )

    def remember(self, step: Step) -> None:
        """Let later steps read `step`."""
        match step:
            case LambdaStep():
                self.values += [lambda_output(step.name, output) for output in step.outputs]
            case ProcessingStep():
                self.values += [processing_output(step.name, output.name) for output in step.outputs]
                self.files += [JsonGet(step.name, file, "metrics.auc") for file in step.property_files]
            case TrainingStep():
                self.values.append(step_property(step.name, "ModelArtifacts.S3ModelArtifacts"))
            case RegisterStep():
                self.values.append(step_property(step.name, "ModelPackageArn"))
            case ConditionStep():
                self.values.append(step_property(step.name, "Outcome"))
        if not isinstance(step, ConditionStep | FailStep):
            self.waits.append(step.name)


def waits(world: World) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(world.waits), max_size=2, unique=True) if world.waits else st.just([])


@st.composite
def processing(draw: st.DrawFn, world: World) -> ProcessingStep:
    text = world.text()
    outputs = draw(st.lists(name, max_size=3, unique=True))
    files = st.dictionaries(name, st.tuples(st.sampled_from(outputs), word), max_size=2) if outputs else st.just({})
    return ProcessingStep(
        name=draw(world.names),
        depends_on=draw(waits(world)),
        instance_type=draw(instance),
        entrypoint=draw(st.lists(word, max_size=3)),
        arguments=draw(st.lists(word, max_size=3)),
        inputs=[ProcessingInput(name=one, s3_uri=draw(text)) for one in draw(st.lists(name, max_size=3, unique=True))],
        outputs=[ProcessingOutput(name=one, s3_uri=draw(text)) for one in outputs],
        environment=draw(st.dictionaries(variable, text, max_size=3)),
        property_files=draw(files),
        step_cache=draw(step_cache),
        **MACHINE,
    )


@st.composite
def training(draw: st.DrawFn, world: World) -> TrainingStep:
    text = world.text()
    channels = draw(st.lists(name, min_size=1, max_size=3, unique=True))
    return TrainingStep(
        name=draw(world.names),
        depends_on=draw(waits(world)),
        instance_type=draw(instance),
        instance_count=draw(st.integers(1, 3)),
        hyperparameters=draw(st.dictionaries(name, word, max_size=3)),
        channels=[Channel(name=one, s3_uri=draw(text)) for one in channels],
        output_s3_uri=draw(text),
        step_cache=draw(step_cache),
        **MACHINE,
    )


@st.composite
def register(draw: st.DrawFn, world: World) -> RegisterStep:
    text = world.text()
    return RegisterStep(
        name=draw(world.names),
        depends_on=draw(waits(world)),
        group_name="group",
        image_uri=IMAGE,
        model_data=draw(text),
        environment=draw(st.dictionaries(variable, word, max_size=2)),
        content_type="application/json",
        statistics=draw(text),
        constraints=draw(st.none() | text),
        metadata=draw(st.dictionaries(registered, registered | text.filter(lambda value: isinstance(value, dict)), max_size=4)),
        approval=draw(st.sampled_from(["PendingManualApproval", "Approved"])),
    )


@st.composite
def asking(draw: st.DrawFn, world: World) -> LambdaStep:
    value = world.text() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    return LambdaStep(
        name=draw(world.names),
        depends_on=draw(waits(world)),
        function=FUNCTION,
        arguments=draw(st.dictionaries(name, value, max_size=3)),
        outputs=draw(st.lists(name, max_size=3, unique=True)),
    )


@st.composite
def failing(draw: st.DrawFn, world: World) -> FailStep:
    return FailStep(name=draw(world.names), message=draw(word | world.text()))


def simple(world: World) -> st.SearchStrategy[Step]:
    return st.one_of(processing(world), training(world), register(world), asking(world))


@st.composite
def branch(draw: st.DrawFn, world: World) -> list[Step]:
    inside = World(world.names, [*world.values], [*world.files], [*world.waits])
    steps: list[Step] = []
    for _ in range(draw(st.integers(0, 2))):
        steps.append(draw(simple(inside)))
        inside.remember(steps[-1])
    return [*steps, draw(failing(inside))] if draw(st.booleans()) else steps


@st.composite
def conditions(draw: st.DrawFn, world: World) -> ConditionStep:
    return ConditionStep(
        name=draw(world.names),
        depends_on=draw(waits(world)),
        conditions=draw(st.lists(world.condition(), min_size=1, max_size=2)),
        if_steps=draw(branch(world)),
        else_steps=draw(branch(world)),
    )


@st.composite
def pipelines(draw: st.DrawFn) -> PipelineDefinition:
    """A valid pipeline; the order in which its steps are written is any."""
    taken: set[str] = set()
    names = name.filter(lambda one: one not in taken).map(lambda one: taken.add(one) or one)
    world, steps = World(names), []
    for _ in range(draw(st.integers(1, 4))):
        steps.append(draw(simple(world) | conditions(world)))
        world.remember(steps[-1])
    return PipelineDefinition(read_parameters(steps), draw(st.permutations(steps)))


def read_parameters(steps: list[Step]) -> list[Parameter]:
    read = {reference for step in steps for reference in references(step.render())}
    return [one for one in PARAMETERS if f"Parameters.{one.name}" in read]


@few
@given(pipelines())
def test_whatever_is_put_together_is_accepted(definition: PipelineDefinition) -> None:
    rendered = definition.render()
    parsed = parse(json.dumps(rendered), MODEL)
    assert sorted(step["Name"] for step in parsed.steps) == sorted(step.name for step in definition.steps)
    assert parsed.parameters == {one.name: one.default for one in definition.parameters}


@few
@given(pipelines())
def test_rendering_is_deterministic(definition: PipelineDefinition) -> None:
    once = json.dumps(definition.render())
    assert json.dumps(definition.render()) == once
    assert json.loads(once) == definition.render(), "nothing that JSON would change"


BROKEN = {
    "unknown parameter": parameter("Gone"),
    "unknown step": step_property("gone", "X"),
    "unknown output of a function": lambda_output("known-function", "gone"),
    "unknown output of a job": processing_output("known-job", "gone"),
    "unknown property file": JsonGet("known-job", "gone", "x").render(),
    "a step in a branch": lambda_output("known-inside", "answer"),
    "itself": processing_output("broken", "out"),
    "a fact that executions have not": {"Get": "Execution.Mood"},
}
KNOWN: list[Step] = [
    LambdaStep(name="known-function", function=FUNCTION, outputs=["answer"]),
    ProcessingStep(
        name="known-job",
        instance_type="ml.m5.large",
        entrypoint=[],
        arguments=[],
        inputs=[],
        outputs=[ProcessingOutput(name="out", s3_uri="s3://b/out")],
        **MACHINE,
    ),
    ConditionStep(
        name="known-condition",
        conditions=[Condition(left=lambda_output("known-function", "answer"), operator="Equals", right="x")],
        if_steps=[LambdaStep(name="known-inside", function=FUNCTION, outputs=["answer"])],
    ),
]


def reading(value: Expression) -> list[Step]:
    """A step of each kind that reads `value` in one place."""
    machine = {**MACHINE, "name": "broken", "instance_type": "ml.m5.large"}
    out = [ProcessingOutput(name="out", s3_uri="s3://b/out")]
    job = ProcessingStep(entrypoint=[], arguments=[], inputs=[], outputs=out, **machine)
    train = TrainingStep(instance_count=1, hyperparameters={}, channels=[], output_s3_uri="s3://b/model", **machine)
    place = {"group_name": "g", "image_uri": IMAGE, "environment": {}, "content_type": "text/csv", "statistics": "s3://b/e"}
    new = RegisterStep(name="broken", model_data="s3://b/m", **place)
    compared = Condition(left="x", operator="Equals", right=value)
    return [
        replace(job, inputs=[ProcessingInput(name="in", s3_uri=value)]),
        replace(job, outputs=[*out, ProcessingOutput(name="more", s3_uri=join("/", "s3://b", value))]),
        replace(job, environment={"A": value}),
        replace(train, channels=[Channel(name="in", s3_uri=value)]),
        replace(train, output_s3_uri=value),
        replace(new, model_data=value),
        replace(new, statistics=join("/", value, "x")),
        replace(new, constraints=value),
        replace(new, metadata={"a": value}),
        LambdaStep(name="broken", function=FUNCTION, arguments={"a": value}, outputs=["out"]),
        FailStep(name="broken", message=join(" ", "because", value)),
        ConditionStep(name="broken", conditions=[Or([Not(compared)])]),
        ConditionStep(name="broken", conditions=[In("x", ["y", value])]),
    ]


@few
@given(pipelines(), st.sampled_from(sorted(BROKEN)), st.data())
def test_a_broken_reference_anywhere_is_refused_with_the_steps_name(definition, how: str, data: st.DataObject) -> None:
    step = data.draw(st.sampled_from(reading(BROKEN[how])))
    position = data.draw(st.integers(0, len(definition.steps)))
    steps = [*KNOWN, *definition.steps[:position], step, *definition.steps[position:]]
    with pytest.raises(ValueError, match=r"step 'broken': refers to"):
        PipelineDefinition(definition.parameters, steps).render()


@pytest.mark.parametrize("number", range(len(reading(parameter("Dataset")))))
def test_the_same_places_accept_a_reference_that_leads_somewhere(number: int) -> None:
    for value in (parameter("Dataset"), lambda_output("known-function", "answer"), processing_output("known-job", "out")):
        step = reading(value)[number]
        parse(json.dumps(PipelineDefinition(read_parameters([step]), [*KNOWN, step]).render()), MODEL)


@few
@given(pipelines(), st.data())
def test_a_name_that_is_used_twice_is_refused(definition: PipelineDefinition, data: st.DataObject) -> None:
    held = [inner for step in definition.steps if isinstance(step, ConditionStep) for inner in [*step.if_steps, *step.else_steps]]
    taken = data.draw(st.sampled_from([step.name for step in [*definition.steps, *held]]))
    twice = [*definition.steps, FailStep(name=taken, message="again")]
    with pytest.raises(ValueError) as caught:
        PipelineDefinition(definition.parameters, twice).render()
    assert f"step {taken!r}: 2 steps have this name" in str(caught.value)


@few
@given(pipelines())
def test_a_parameter_that_nothing_reads_is_refused(definition: PipelineDefinition) -> None:
    with pytest.raises(ValueError, match="parameter 'Unread': no step reads it"):
        PipelineDefinition([*definition.parameters, Parameter("Unread", "x")], definition.steps).render()
