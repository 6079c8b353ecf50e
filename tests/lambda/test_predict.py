"""The prediction function on real events, against an endpoint that misbehaves in every known way."""

import base64
import json
import time
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_platform.serving import input_validator
from tests.lambda_support import SCHEMA, event, request_validator

errors_in = request_validator(SCHEMA)
ANSWER = {"predictions": [{"class": "spam", "probability": 0.99}], "model_version": "3"}


@pytest.fixture
def predict(load_function, fake_endpoint) -> ModuleType:
    environment = {
        "MODEL_NAME": "spam",
        "ENDPOINT_NAME": "mlp-test-spam",
        "RUNTIME_HOST": "runtime.sagemaker.eu-central-1.amazonaws.com",
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": fake_endpoint.url,
        "MODEL_TIMEOUT_SECONDS": "1",
        "CONNECT_TIMEOUT_SECONDS": "1",
        "ATTEMPTS": "2",
        "MAX_INSTANCES": "3",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-central-1",
    }
    return load_function("predict", input_validator.files(SCHEMA), environment)


def ask(predict: ModuleType, body: object = None, **changes) -> tuple[int, dict, dict]:
    request = event("api_gateway_v2")
    if body is not None:
        request["body"] = body if isinstance(body, str) else json.dumps(body)
    response = predict.handler({**request, **changes}, None)
    return response["statusCode"], response["headers"], json.loads(response["body"])


def test_an_answer_is_passed_on_unchanged(predict, fake_endpoint) -> None:
    fake_endpoint.answer(200, ANSWER)
    assert ask(predict)[::2] == (200, ANSWER)
    path, headers, body = fake_endpoint.requests[0]
    assert path == "/endpoints/mlp-test-spam/invocations"
    assert headers["x-amz-security-token"] == "token"
    assert "Credential=AKIA/" in headers["authorization"] and "/eu-central-1/sagemaker/aws4_request" in headers["authorization"]
    assert json.loads(body) == {"instances": [{"crl_tot": 1028, "dollar": 0.18, "bang": 0.372}]}


def test_a_base64_body_is_read(predict, fake_endpoint) -> None:
    fake_endpoint.answer(200, ANSWER)
    text = base64.b64encode(b'{"instances": [{"crl_tot": 5}]}').decode()
    assert ask(predict, text, isBase64Encoded=True)[0] == 200
    assert ask(predict, "%%%", isBase64Encoded=True)[0] == 400


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "has no body"),
        ("  ", "has no body"),
        ("nonsense", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "must be an object"),
        ({}, "at least one instance"),
        ({"instances": []}, "at least one instance"),
        ({"instances": {}}, "at least one instance"),
        ({"instances": [{"crl_tot": 1}] * 4}, "4 instances; at most 3"),
    ],
)
def test_requests_that_are_none_are_refused_before_the_model_is_asked(predict, fake_endpoint, body, detail) -> None:
    status, headers, problem = ask(predict, body)
    assert status == 400
    assert headers["content-type"] == "application/problem+json"
    assert detail in problem["detail"]
    assert not fake_endpoint.requests


def test_every_error_in_the_instances_is_told_with_its_place(predict) -> None:
    status, _, problem = ask(predict, {"instances": [{"crl_tot": "x", "dollar": 101, "new": 1}, 7]})
    assert status == 400
    assert problem["errors"] == [
        {"pointer": "/instances/0/crl_tot", "detail": "must be of type number, got string"},
        {"pointer": "/instances/0/dollar", "detail": "must be at most 100, got 101"},
        {"pointer": "/instances/0/new", "detail": "is not known; known are crl_tot, dollar, bang, lang, seen, count"},
        {"pointer": "/instances/1", "detail": "must be an object, got integer"},
    ]


def test_too_large_requests_are_pointed_elsewhere(predict, fake_endpoint) -> None:
    status, _, problem = ask(predict, {"instances": [{"crl_tot": 1}], "padding": "x" * (5 * 1024 * 1024)})
    assert status == 413
    assert "asynchronous" in problem["detail"]
    assert not fake_endpoint.requests


@pytest.mark.parametrize(
    ("answer", "code", "content", "status", "retry_after"),
    [
        (400, "ValidationError", {"Message": "Endpoint mlp-test-spam of account 1 not found."}, 503, "60"),
        (424, "ModelError", {"OriginalStatusCode": 500, "OriginalMessage": "boom"}, 502, None),
        (424, "ModelError", {"OriginalStatusCode": 422, "OriginalMessage": "odd"}, 422, None),
        (424, "ModelError", {"OriginalStatusCode": 0, "Message": "timed out"}, 504, None),
        (429, "ModelNotReadyException", {"Message": "loading"}, 429, "1"),
        (429, "ThrottlingException", {"Message": "slow down"}, 429, "1"),
        (503, "ServiceUnavailable", {"Message": "no instance"}, 503, "1"),
        (403, "AccessDeniedException", {"Message": "no"}, 500, None),
        (500, "InternalFailure", {"Message": "oops"}, 500, None),
    ],
)
def test_each_failure_has_its_own_answer(predict, fake_endpoint, answer, code, content, status, retry_after) -> None:
    fake_endpoint.answer(answer, content, code)
    got, headers, problem = ask(predict)
    assert got == problem["status"] == status
    assert headers.get("retry-after") == retry_after
    assert problem["instance"] == "JKJaXmPLvHcESHA="
    assert "boom" not in json.dumps(problem)


def test_a_busy_model_is_asked_once_more(predict, fake_endpoint) -> None:
    fake_endpoint.answer(503, {"Message": "no instance"}, "ServiceUnavailable")
    fake_endpoint.answer(200, ANSWER)
    assert ask(predict)[0] == 200
    assert len(fake_endpoint.requests) == 2


def test_a_slow_model_is_not_asked_again(predict, fake_endpoint) -> None:
    fake_endpoint.answer(200, ANSWER)
    fake_endpoint.before_answer = lambda: time.sleep(1.5)
    status, _, problem = ask(predict)
    assert (status, len(fake_endpoint.requests)) == (504, 1)
    assert "within 1 s" in problem["detail"]


def test_a_connection_that_was_closed_meanwhile_is_opened_again(predict, fake_endpoint) -> None:
    fake_endpoint.answer(200, ANSWER)
    fake_endpoint.hangs_up = True
    assert [ask(predict)[0] for _ in range(3)] == [200, 200, 200]
    assert len(fake_endpoint.requests) == 3


def test_connections_are_kept(predict, fake_endpoint) -> None:
    fake_endpoint.answer(200, ANSWER)
    assert [ask(predict)[0] for _ in range(3)] == [200, 200, 200]
    assert fake_endpoint.connections == 1


def test_an_endpoint_that_cannot_be_reached_is_busy(predict, fake_endpoint) -> None:
    fake_endpoint.server.shutdown()
    fake_endpoint.server.server_close()
    status, headers, _ = ask(predict)
    assert (status, headers["retry-after"]) == (503, "1")


def test_logs_tell_the_request_but_not_its_payload(predict, fake_endpoint, capsys) -> None:
    fake_endpoint.answer(200, ANSWER)
    ask(predict, {"instances": [{"crl_tot": 987654}]})
    line = json.loads(capsys.readouterr().out)
    assert line["requestId"] == "JKJaXmPLvHcESHA=" and line["status"] == 200
    assert "987654" not in json.dumps(line)


def test_the_function_imports_neither_sdk_nor_library(predict) -> None:
    import subprocess
    import sys
    from pathlib import Path

    stage = Path(predict.__file__).parents[1]
    names = "{'boto3', 'botocore', 'urllib3', 'fastjsonschema.draft07'}"
    code = f"import sys, predict.handler; print({names} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=stage, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused(predict, fake_endpoint, number: str) -> None:
    status, _, problem = ask(predict, f'{{"instances": [{{"crl_tot": 5, "bang": {number}}}]}}')
    assert status == 400 and "not finite" in problem["detail"]
    assert not fake_endpoint.requests


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_no_instance_whatever_breaks_the_validation(instance) -> None:
    for error in errors_in([instance]):
        assert error["pointer"].startswith("/instances/0") and error["detail"]


@given(
    st.fixed_dictionaries(
        {"crl_tot": st.floats(1, 1e9)}, optional={"dollar": st.floats(0, 100), "lang": st.sampled_from(["en", "de"])}
    )
)
def test_valid_instances_have_no_errors(instance) -> None:
    assert errors_in([instance]) == []
