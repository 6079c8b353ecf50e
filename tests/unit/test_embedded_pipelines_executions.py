"""Executions of the embedded AWS's pipelines: started once, parameters, faults, what can be asked about them."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.pipelines_bench import CALLER, Bench, wait_for
from tests.unit.pipelines_steps import FUNCTION, ROLE, answering, definition, function, get, processing, refusal, token, training


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_the_same_token_starts_nothing_twice_however_many_ask_at_once(bench: Bench) -> None:
    bench.create(processing("a"))
    same = token()
    with ThreadPoolExecutor(8) as pool:
        arns = set(pool.map(lambda _: bench.start(ClientRequestToken=same), range(8)))
    assert len(arns) == 1
    bench.ended(arns.pop())
    assert bench.processing.steps() == ["a"]


def test_two_executions_run_beside_each_other(bench: Bench) -> None:
    bench.processing.held = {"a"}
    bench.create(processing("a"))
    first, second = bench.start(), bench.start()
    wait_for(lambda: len(bench.processing.created) == 2)
    bench.stop(first)
    assert bench.ended(first)["PipelineExecutionStatus"] == "Stopped"
    bench.processing.release("a")
    assert bench.ended(second)["PipelineExecutionStatus"] == "Succeeded"


def test_an_execution_ends_although_its_events_cannot_be_delivered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the bus is gone")

    monkeypatch.setattr("local_aws.sagemaker.events.emit_event", broken)
    assert bench.run(processing("a"), training("b", DependsOn=["a"]))["PipelineExecutionStatus"] == "Succeeded"


@pytest.mark.parametrize("allowed", [0, 1])
def test_an_execution_ends_although_no_thread_can_be_started(bench: Bench, monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    begin, begun = threading.Thread.start, []

    def exhausted(thread: threading.Thread) -> None:
        begun.append(thread)
        if len(begun) > allowed:
            raise RuntimeError("can't start new thread")
        begin(thread)

    bench.create(processing("a"))
    monkeypatch.setattr(threading.Thread, "start", exhausted)
    ended = bench.ended(bench.start())
    assert ended["PipelineExecutionStatus"] == "Failed" and "InternalServerError" in ended["FailureReason"]


PARAMETERS = [
    {"Name": "Text", "Type": "String", "DefaultValue": "x", "EnumValues": ["x", "y"]},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 3},
    {"Name": "Rate", "Type": "Float", "DefaultValue": 1},
    {"Name": "Really", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Input", "Type": "String"},
]


def test_parameters_are_converted_to_their_types_and_listed_as_texts(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering()
    names = ("Text", "Count", "Rate", "Really", "Input")
    bench.create(function("tell", {name: get(f"Parameters.{name}") for name in names}), parameters=PARAMETERS)
    arn = bench.start(given={"Text": "y", "Count": "7", "Rate": "2.5", "Really": "true", "Input": ""})
    bench.ended(arn)
    assert bench.invoked[0][2] == {"Text": "y", "Count": 7, "Rate": 2.5, "Really": True, "Input": ""}
    listed = bench.call("ListPipelineParametersForExecution", PipelineExecutionArn=arn)["PipelineParameters"]
    assert {item["Name"]: item["Value"] for item in listed} == {
        "Text": "y", "Count": "7", "Rate": "2.5", "Really": "true", "Input": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "Parameters Input have no default and were not given"),
        ({"Input": "i", "No": "1"}, "Parameters No are not defined; defined are: Text, Count, Rate, Really, Input"),
        ({"Input": "i", "Count": "1.5"}, "Parameter Count must be of type Integer, not '1.5'"),
        ({"Input": "i", "Rate": "nan"}, "Parameter Rate must be of type Float, not 'nan'"),
        ({"Input": "i", "Rate": "much"}, "Parameter Rate must be of type Float"),
        ({"Input": "i", "Really": "yes"}, "Parameter Really must be of type Boolean"),
        ({"Input": "i", "Text": "z"}, "Parameter Text must be one of x, y, not 'z'"),
    ],
)
def test_wrong_parameters_are_refused_at_the_start(bench: Bench, given: dict[str, str], expected: str) -> None:
    bench.create(processing("a"), parameters=PARAMETERS)
    error = refusal(lambda: bench.start(given=given))
    assert error.code == "ValidationException" and expected in str(error)
    assert bench.processing.steps() == []


def test_a_parameter_given_twice_is_refused(bench: Bench) -> None:
    bench.create(processing("a"), parameters=PARAMETERS)
    twice = [{"Name": "Input", "Value": value} for value in "ab"]
    start = {"PipelineName": "spam", "ClientRequestToken": token(), "PipelineParameters": twice}
    assert "given more than once" in str(refusal(lambda: bench.call("StartPipelineExecution", **start)))


def test_what_is_not_offered_is_told_and_not_ignored(bench: Bench) -> None:
    bench.create(processing("a"))
    selective = {"SelectiveExecutionConfig": {"SelectedSteps": [{"StepName": "a"}]}}
    assert "does not offer SelectiveExecutionConfig; AWS does" in str(refusal(lambda: bench.start(**selective)))


def test_an_execution_can_be_renamed_and_shows_the_definition_that_it_began_with(bench: Bench) -> None:
    arn = bench.run(processing("a"))["PipelineExecutionArn"]
    bench.call(
        "UpdatePipelineExecution",
        PipelineExecutionArn=arn,
        PipelineExecutionDisplayName="mine",
        PipelineExecutionDescription="why",
    )
    described = bench.described(arn)
    assert (described["PipelineExecutionDisplayName"], described["PipelineExecutionDescription"]) == ("mine", "why")
    bench.call("UpdatePipeline", PipelineName="spam", PipelineDefinition=json.dumps(definition(processing("b"))))
    shown = bench.call("DescribePipelineDefinitionForExecution", PipelineExecutionArn=arn)
    assert json.loads(shown["PipelineDefinition"])["Steps"][0]["Name"] == "a"
    assert shown["CreationTime"] == bench.call("DescribePipeline", PipelineName="spam")["CreationTime"]


def test_executions_are_listed_the_newest_first_with_their_reasons(bench: Bench) -> None:
    first = bench.run(processing("a"))["PipelineExecutionArn"]
    bench.processing.fails = {"a": "no"}
    second = bench.start()
    bench.ended(second)
    found = bench.call("ListPipelineExecutions", PipelineName="spam")["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in found] == [second, first]
    assert found[0]["PipelineExecutionFailureReason"].endswith("a: no")
    before = bench.described(second)["CreationTime"]
    found = bench.call("ListPipelineExecutions", PipelineName="spam", CreatedBefore=before)["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in found] == [first]


def test_a_pipeline_is_deleted_with_its_executions_but_not_while_one_runs(bench: Bench) -> None:
    bench.processing.held = {"a"}
    bench.create(processing("a"))
    arn = bench.start()
    delete = {"PipelineName": "spam", "ClientRequestToken": token()}
    assert refusal(lambda: bench.call("DeletePipeline", **delete)).code == "ConflictException"
    bench.processing.release("a")
    bench.ended(arn)
    bench.call("DeletePipeline", **delete)
    assert refusal(lambda: bench.described(arn)).code == "ResourceNotFound"
    bench.create(processing("a"))
    assert bench.call("ListPipelineExecutions", PipelineName="spam")["PipelineExecutionSummaries"] == []


def test_the_same_token_creates_one_pipeline_and_another_token_is_refused(bench: Bench) -> None:
    text, same = json.dumps(definition(processing("a"))), token()
    wanted = {"PipelineName": "spam", "RoleArn": ROLE, "PipelineDefinition": text}
    arns = {bench.call("CreatePipeline", ClientRequestToken=same, **wanted)["PipelineArn"] for _ in range(2)}
    assert len(arns) == 1
    assert "must be unique" in str(refusal(lambda: bench.call("CreatePipeline", ClientRequestToken=token(), **wanted)))
    assert bench.service.call("DescribePipeline", CALLER, {"PipelineName": "spam"})["PipelineStatus"] == "Active"
