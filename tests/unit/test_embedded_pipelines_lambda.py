"""Lambda steps of the embedded AWS: whose rights they have, what they answer, how they fail."""

import io
import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from local_aws.ministack_bridge.identity import Caller, Credentials
from local_aws.sagemaker.pipelines import lambda_step
from local_aws.sagemaker.pipelines.lambda_step import Answer, FunctionFailed
from tests.unit.pipelines_bench import Bench
from tests.unit.pipelines_steps import (
    ACCOUNT,
    FUNCTION,
    REGION,
    answering,
    compare,
    condition,
    fail,
    function,
    get,
    join,
    processing,
    training,
)

VERSION, COUNT = ("version", "String"), ("count", "Integer")
OUTPUT = "Steps.live.OutputParameters['{}']"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def failed(bench: Bench, *outputs: Any, answer: Answer) -> str:
    bench.answers[FUNCTION] = lambda _event: answer
    ended = bench.run(function("live", outputs=outputs))
    assert ended["PipelineExecutionStatus"] == "Failed"
    reason: str = bench.steps(ended["PipelineExecutionArn"])["live"]["FailureReason"]
    assert ended["FailureReason"].endswith(f"live: {reason}")
    return reason


def test_a_function_gets_the_resolved_arguments_in_the_name_of_the_pipelines_role(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering()
    arguments = {
        "operation": "live",
        "rate": 0.5,
        "n": 3,
        "run": get("Execution.PipelineName"),
        "joined": join("a", get("Parameters.P")),
    }
    bench.run(function("live", arguments), parameters=[{"Name": "P", "Type": "String", "DefaultValue": "b"}])
    assert bench.invoked == [
        ("key-of-the-role", FUNCTION, {"operation": "live", "rate": 0.5, "n": 3, "run": "spam", "joined": "ab"})
    ]


def test_its_outputs_are_metadata_and_can_be_used_in_jobs_conditions_functions_and_messages(bench: Bench) -> None:
    outputs = [VERSION, COUNT, ("really", "Boolean"), ("rate", "Float")]
    bench.answers[FUNCTION] = answering(version="3", count=7, really=True, rate=2, more="ignored")
    use = processing(
        "use", source=join("s3://b/", get(OUTPUT.format("version"))), environment={"V": get(OUTPUT.format("version"))}
    )
    gate = condition(
        "gate",
        compare("Equals", get(OUTPUT.format("version")), "3"),
        compare("GreaterThan", get(OUTPUT.format("count")), 6.5),
        compare("Equals", get(OUTPUT.format("really")), True),
        then=[fail("tell", join("version ", get(OUTPUT.format("version")), ", ", get(OUTPUT.format("really"))))],
    )
    ended = bench.run(function("live", outputs=outputs), use, function("again", {"n": get(OUTPUT.format("count"))}), gate)
    assert ended["FailureReason"] == "version 3, true"
    arguments = bench.processing.created[0][1]
    assert arguments["Environment"] == {"V": "3"} and arguments["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "s3://b/3"
    assert bench.invoked[1][2] == {"n": 7}
    values = [
        {"Name": "version", "Value": "3"},
        {"Name": "count", "Value": "7"},
        {"Name": "really", "Value": "true"},
        {"Name": "rate", "Value": "2"},
    ]
    assert bench.steps(ended["PipelineExecutionArn"])["live"]["Metadata"] == {
        "Lambda": {"Arn": FUNCTION, "OutputParameters": values}
    }


def test_what_is_nested_is_one_string_as_on_aws(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering(version={"a": [1]})
    bench.run(function("live", outputs=[VERSION]), function("again", {"v": get(OUTPUT.format("version"))}))
    assert bench.invoked[1][2] == {"v": '{"a": [1]}'}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"count": 1}', "did not answer the declared output 'version'; it answered count"),
        (b"{}", "did not answer the declared output 'version'; it answered nothing"),
        (b'{"version": 3}', "output 'version' of .* must be of type String, got 3"),
        (b'{"version": null}', "must be of type String, got None"),
        (b'{"version": "' + b"x" * 1025 + b'"}', "has 1025 characters; at most 1024 are allowed"),
        (b'"version"', "must answer an object with the outputs, not str"),
        (b"", "must answer an object with the outputs, not NoneType"),
        (b"nonsense", "answered what is not JSON"),
        (b'{"version": NaN}', "answered what is not JSON: NaN is not a JSON value"),
    ],
)
def test_an_answer_that_is_not_what_was_declared_fails_the_step(bench: Bench, payload: bytes, expected: str) -> None:
    reason = failed(bench, VERSION, answer=Answer(payload))
    assert re.search(expected, reason)


@pytest.mark.parametrize("value", ["true", '"1"', "1.5"])
def test_no_other_type_is_taken_for_an_integer(bench: Bench, value: str) -> None:
    assert "must be of type Integer" in failed(bench, COUNT, answer=Answer(f'{{"count": {value}}}'.encode()))


def test_a_function_without_declared_outputs_may_answer_anything(bench: Bench) -> None:
    bench.answers[FUNCTION] = lambda _event: Answer(b"null")
    assert bench.run(function("live"))["PipelineExecutionStatus"] == "Succeeded"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"errorType": "KeyError", "errorMessage": "\'group\'", "stackTrace": []}', "failed: KeyError: 'group'"),
        (b'{"errorMessage": "Task timed out after 3.00 seconds"}', "failed: Task timed out after 3.00 seconds"),
        (b"gone", "failed: gone"),
    ],
)
def test_a_function_that_fails_gives_its_own_reason(bench: Bench, payload: bytes, expected: str) -> None:
    assert failed(bench, VERSION, answer=Answer(payload, "Unhandled")) == f"ClientError: {FUNCTION} {expected}"


def test_after_a_failed_function_nothing_that_needs_it_is_started(bench: Bench) -> None:
    bench.answers[FUNCTION] = lambda _event: Answer(b"{}", "Unhandled")
    bench.run(function("live"), training("t", DependsOn=["live"]))
    assert bench.training.steps() == []


def test_a_function_in_another_region_is_refused_with_both(bench: Bench) -> None:
    elsewhere = FUNCTION.replace(REGION, "us-east-1")
    ended = bench.run(function("live", FunctionArn=elsewhere))
    assert f"{elsewhere} is in another region; the function of a Lambda step must be in {REGION}" in ended["FailureReason"]
    assert bench.invoked == []


def invoking(monkeypatch: pytest.MonkeyPatch, answer: Any) -> tuple[Any, list[Any]]:
    """Return what invokes through boto3, whose client answers or raises `answer`, and what boto3 was told."""
    told: list[Any] = []

    class Client:
        def invoke(self, **parameters: Any) -> dict[str, Any]:
            told.append(parameters)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

    class Session:
        def __init__(self, *credentials: str) -> None:
            told.append(credentials)

        def client(self, service: str, *, endpoint_url: str, config: Any) -> Client:
            told.append((service, endpoint_url, config.read_timeout, config.retries))
            return Client()

    monkeypatch.setattr(lambda_step.boto3, "Session", Session)
    credentials = Credentials("key", "secret", "token", Caller("key", ACCOUNT, REGION), 0.0)
    return lambda_step.invoker(credentials, "http://here"), told


def test_functions_are_invoked_once_through_the_lambda_api_signed_by_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"Payload": io.BytesIO(b'{"a": 1}'), "FunctionError": "Unhandled"}
    invoke, told = invoking(monkeypatch, answer)
    assert invoke(FUNCTION, b"{}") == Answer(b'{"a": 1}', "Unhandled")
    assert told == [
        ("key", "secret", "token", REGION),
        ("lambda", "http://here", 600, {"total_max_attempts": 1}),
        {"FunctionName": FUNCTION, "Payload": b"{}"},
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform: lambda:InvokeFunction"}},
                "Invoke",
            ),
            "ClientError: AccessDeniedException: not authorized to perform: lambda:InvokeFunction",
        ),
        (ReadTimeoutError(endpoint_url="http://here"), "did not end within 600 seconds, the most that a Lambda step waits"),
        (
            EndpointConnectionError(endpoint_url="http://here"),
            "could not be invoked",
        ),
    ],
)
def test_what_lambda_refuses_is_a_reason_in_words(monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str) -> None:
    invoke, _ = invoking(monkeypatch, error)
    with pytest.raises(FunctionFailed, match=expected):
        invoke(FUNCTION, json.dumps({}).encode())
