"""What the embedded AWS refuses in a pipeline's definition, with the step that has it; and that nothing makes it crash."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.errors import ServiceError
from local_aws.sagemaker.pipelines.definition import parse
from tests.unit.pipelines_bench import MODEL
from tests.unit.pipelines_steps import (
    compare,
    condition,
    definition,
    fail,
    function,
    get,
    join,
    processing,
    refusal,
    register,
    training,
)

FILE = {"PropertyFileName": "result", "OutputName": "out", "FilePath": "result.json"}
JSON_GET = {"Std:JsonGet": {"PropertyFile": get("Steps.p.PropertyFiles.result"), "Path": "metrics.auc"}}


def refused(*steps: Any, parameters: Any = (), **changes: Any) -> str:
    text = json.dumps({**definition(*steps, parameters=parameters), **changes})
    return str(refusal(lambda: parse(text, MODEL)))


def accepted(*steps: Any, parameters: Any = ()) -> list[str]:
    return [step["Name"] for step in parse(json.dumps(definition(*steps, parameters=parameters)), MODEL).steps]


def judge(**more: Any) -> dict[str, Any]:
    return function("judge", {"prefix": "s3://b"}, outputs=[("passed", "String"), ("count", "Integer")], **more)


def test_a_whole_pipeline_is_accepted_in_an_order_in_which_it_can_run() -> None:
    gate = condition(
        "gate",
        compare("Equals", get("Steps.judge.OutputParameters['passed']"), "true"),
        then=[register("register", CustomerMetadataProperties={"count": "x", "input": get("Parameters.InputData")})],
        otherwise=[fail("missed", join("no: ", get("Steps.judge.OutputParameters['passed']")))],
    )
    steps = [
        gate,
        judge(DependsOn=["e"]),
        processing("e", environment={"M": get("Steps.t.ModelArtifacts.S3ModelArtifacts")}),
        training("t"),
    ]
    assert accepted(*steps, parameters=[{"Name": "InputData", "Type": "String"}]) == ["t", "e", "judge", "gate"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([processing("a", DependsOn=["no"])], "Step 'a': DependsOn names 'no', which is no other step; the others are none"),
        ([processing("a", DependsOn=["a"])], "Step 'a': DependsOn names 'a'"),
        ([processing("a", DependsOn="b")], "Step 'a': DependsOn must be a list"),
        ([processing("a"), processing("b", DependsOn=[{"Step": "a", "Trigger": "Failed"}])], "does not offer triggers"),
        (
            [condition("c", compare("Equals", 1, 1), otherwise=[fail("f", "no")]), processing("a", DependsOn=["f"])],
            "a Fail step cannot",
        ),
        (
            [condition("c", compare("Equals", 1, 1)), processing("a", DependsOn=["c"])],
            "a Condition step cannot be in the DependsOn",
        ),
        ([processing("a", DependsOn=["b"]), processing("b", DependsOn=["a"])], "in a cycle: a -> b -> a"),
        ([condition("c", compare("Equals", 1, 1), then=[condition("d", compare("Equals", 1, 1))])], "does not support nested"),
        ([processing("a"), processing("a")], "step name 'a' is used 2 times"),
        ([processing("a", Surprise=1)], "Step 'a': cannot parse object, unknown property 'Surprise'"),
        ([processing("a", Description="x" * 3073)], "Description must be a string of at most 3072"),
        ([processing("a", source=get("Execution.TrainingJobName"))], "'Execution.TrainingJobName' leads nowhere"),
        ([processing("a", source=get("Parameters.No"))], "reference 'Parameters.No' leads nowhere"),
        ([training("t"), processing("a", source=get("Steps.t.ModelArtifacts.S3Nothing"))], "have no property"),
        ([training("t"), processing("a", source=get("Steps.t.ModelArtifacts['"))], "is not a path"),
        ([condition("c", compare("Equals", 1, 1)), processing("a", source=get("Steps.c.Result"))], "have no property 'Result'"),
        (
            [condition("c", compare("Equals", 1, 1), otherwise=[fail("f", "no")]), processing("a", source=get("Steps.f.X"))],
            "no property",
        ),
        ([condition("c", compare("Equals", 1, 1), otherwise=[fail("f", 7)])], "an ErrorMessage, a string or an expression"),
    ],
)
def test_what_does_not_hang_together_is_refused(steps: list[Any], expected: str) -> None:
    assert expected in refused(*steps)


def test_a_cycle_through_a_conditions_branch_is_refused_with_its_steps() -> None:
    gate = condition("gate", compare("Equals", get("Steps.after.ProcessingJobName"), "x"), then=[processing("inside")])
    after = processing("after", source=get("Steps.inside.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"))
    message = refused(gate, after)
    assert "cycle" in message and all(name in message for name in ("gate", "inside", "after"))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (judge(FunctionArn="judge"), "needs a FunctionArn, arn:aws:lambda:<region>:<account>:function:<name>, got 'judge'"),
        (judge(FunctionArn=None), "needs a FunctionArn"),
        (
            judge(Arguments={"rules": [{"metric": "auc"}]}),
            "argument 'rules' must be a string, a number, a boolean or an expression",
        ),
        (function("judge", outputs=[("a", "String"), ("a", "Float")]), "output 'a' is declared 2 times"),
        (function("judge", outputs=[("a", "Object")]), "output 'a' has type 'Object', not String, Integer, Float, Boolean"),
        (function("judge", outputs=[("", "String")]), "must have an OutputName of 1 to 256 characters"),
        (judge(OutputParameters={"passed": "String"}), "OutputParameters must be a list of at most 50"),
    ],
)
def test_lambda_steps_are_checked(step: dict[str, Any], expected: str) -> None:
    assert f"Step 'judge': {expected}" in refused(step) or expected in refused(step)


@pytest.mark.parametrize("path", ["OutputParameters['other']", "OutputParameters.passed", "passed", "OutputParameters[0]"])
def test_only_declared_outputs_of_a_function_can_be_referred_to(path: str) -> None:
    assert "the properties of this Lambda step are OutputParameters['passed'], OutputParameters['count']" in refused(
        judge(), condition("gate", compare("Equals", get(f"Steps.judge.{path}"), "true"))
    )


INTEGER = [{"Name": "Count", "Type": "Integer", "DefaultValue": 1}]


def test_a_number_is_not_assigned_to_an_argument_that_is_a_text() -> None:
    """AWS: CreatePipeline fails with 'Cannot assign property reference ... to argument of type [String]'."""
    message = refused(processing("a", environment={"N": get("Parameters.Count")}), parameters=INTEGER)
    assert (
        "Step 'a': cannot assign property reference [Parameters.Count] of type [Integer] to argument of type [String]" in message
    )
    assert accepted(processing("a", environment={"N": join(get("Parameters.Count"))}), parameters=INTEGER) == ["a"]
    assert "of type [Integer]" in refused(
        judge(), processing("a", environment={"N": get("Steps.judge.OutputParameters['count']")})
    )
    assert accepted(judge(), processing("a", environment={"N": get("Steps.judge.OutputParameters['passed']")})) == ["judge", "a"]


def test_what_fits_may_be_assigned() -> None:
    step = training("t")
    step["Arguments"]["ResourceConfig"]["InstanceCount"] = get("Parameters.Count")
    assert accepted(step, parameters=INTEGER) == ["t"]
    step["Arguments"]["ResourceConfig"] = get("Parameters.Count")
    assert "to argument of type [Structure]" in refused(step, parameters=INTEGER)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ({"Name": "a b", "Type": "String"}, "must have a name of 1 to 256 letters"),
        ({"Name": "a", "Type": "Number"}, "has type 'Number', not String, Integer, Float, Boolean"),
        ({"Name": "a", "Type": "Integer", "DefaultValue": "1"}, "has the default '1', which is not of type Integer"),
        ({"Name": "a", "Type": "Integer", "DefaultValue": True}, "has the default True, which is not of type Integer"),
        ({"Name": "a", "Type": "String", "DefaultValue": 1}, "has the default 1, which is not of type String"),
        ({"Name": "a", "Type": "Boolean", "DefaultValue": "true"}, "which is not of type Boolean"),
        ({"Name": "a", "Type": "String", "DefaultValue": "z", "EnumValues": ["x", "y"]}, "none of its EnumValues x, y"),
        ({"Name": "a", "Type": "Integer", "EnumValues": ["1"]}, "may have EnumValues only as a list"),
        ({"Name": "a", "Type": "String", "Default": "x"}, "unknown property 'Default'"),
    ],
)
def test_parameters_are_checked(parameter: dict[str, Any], expected: str) -> None:
    assert expected in refused(processing("p"), parameters=[parameter])


def test_two_parameters_of_one_name_are_refused() -> None:
    assert "parameter name 'a' is used 2 times" in refused(processing("p"), parameters=[{"Name": "a", "Type": "String"}] * 2)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({**FILE, "OutputName": "other"}, "property file 'result' names the output 'other', which the step has not; it has out"),
        ({"PropertyFileName": "result", "OutputName": "out"}, "must have a PropertyFileName, an OutputName and a FilePath"),
        ({**FILE, "FilePath": ""}, "must have a PropertyFileName, an OutputName and a FilePath"),
    ],
)
def test_property_files_are_checked(file: dict[str, str], expected: str) -> None:
    assert expected in refused(processing("p", PropertyFiles=[file]))


def test_values_of_property_files_may_be_used_in_any_step_and_come_from_processing_only() -> None:
    tuned = training("t", hyperparameters={"eta": join(JSON_GET)})
    assert accepted(processing("p", PropertyFiles=[FILE]), tuned, function("f", {"auc": JSON_GET})) == ["p", "t", "f"]
    assert "only Processing steps have property files, p is a Training step" in refused(
        training("p"), function("f", {"auc": JSON_GET})
    )
    assert "cannot parse object, unknown property 'PropertyFiles'" in refused(training("p", PropertyFiles=[FILE]))
    assert "leads nowhere" in refused(function("f", {"auc": JSON_GET}))


def test_a_path_that_is_none_is_refused_at_once() -> None:
    broken = {"Std:JsonGet": {"PropertyFile": get("Steps.p.PropertyFiles.result"), "Path": "metrics..auc"}}
    assert "'metrics..auc' is not a path" in refused(processing("p", PropertyFiles=[FILE]), function("f", {"auc": broken}))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ({"Type": "NotEquals", "LeftValue": 1, "RightValue": 1}, "condition type 'NotEquals' is not one of Equals"),
        ({"Type": "Equals", "LeftValue": 1}, "Equals condition: RightValue must be given"),
        ({"Type": "Not", "Expression": compare("Equals", 1, 1)}, "unknown property 'Expression'"),
        ({"Type": "In", "QueryValue": 1, "Values": []}, "Values must be a list of at least one element"),
        ({"Type": "In", "QueryValue": 1, "Values": [[1]]}, "[1] is neither a string, a number, a boolean nor an expression"),
        ({"Type": "Or", "Conditions": []}, "Conditions must be a list of at least one element"),
        ({"Type": "Or", "Conditions": [compare("Equals", 1, None)]}, "None is neither"),
        ("always", "condition type 'always' is not one of"),
    ],
)
def test_conditions_are_checked(one: Any, expected: str) -> None:
    assert expected in refused(condition("gate", one))


@pytest.mark.parametrize("text", ['{"Steps": [7]}', '{"Steps": [{"Name": 7, "Type": "Fail"}]}', '{"Steps": [], "Parameters": 7}'])
def test_what_has_no_form_at_all_is_refused(text: str) -> None:
    assert "Unable to parse pipeline definition" in str(refusal(lambda: parse(text, MODEL)))


def test_unknown_properties_of_the_whole_are_refused() -> None:
    assert "unknown property 'Stages'" in refused(processing("p"), Stages=[])


WHOLE = definition(
    processing("p", PropertyFiles=[FILE], CacheConfig={"Enabled": True, "ExpireAfter": "P1D"}),
    training("t", source=get("Steps.p.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"), DependsOn=["p"]),
    judge(),
    condition(
        "gate",
        {"Type": "Or", "Conditions": [compare("GreaterThan", JSON_GET, 0.5)]},
        then=[register("r")],
        otherwise=[fail("f", "no")],
    ),
    parameters=[{"Name": "Text", "Type": "String", "DefaultValue": "x"}],
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places(child, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(
    place=st.sampled_from(places(WHOLE)[1:]),
    value=st.sampled_from(
        [
            None,
            True,
            7,
            0.5,
            "",
            "x",
            [],
            [7],
            ["x"],
            {},
            {"": 1},
            {"Get": 7},
            {"Get": "Steps"},
            {"Std:Join": 7},
            {"Std:JsonGet": []},
        ]
    ),
)
def test_whatever_stands_where_it_should_not_is_refused_or_accepted_but_never_a_crash(place: tuple[Any, ...], value: Any) -> None:
    changed = copy.deepcopy(WHOLE)
    node = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    try:
        parse(json.dumps(changed), MODEL)
    except ServiceError as error:
        assert error.message.startswith("Unable to parse pipeline definition. ")


def test_the_whole_that_is_spoiled_above_is_itself_accepted() -> None:
    assert [step["Name"] for step in parse(json.dumps(WHOLE), MODEL).steps] == ["p", "judge", "t", "gate"]
