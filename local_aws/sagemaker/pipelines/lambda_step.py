"""Lambda steps: a function is invoked through the Lambda API, in the name of the pipeline's role; its answer becomes outputs.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html, "Lambda step".
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import regex
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from local_aws.ministack_bridge.identity import Credentials
from local_aws.sagemaker.pipelines.expressions import is_expression
from local_aws.sagemaker.pipelines.parameters import TYPES, as_text
from local_aws.sagemaker.store import Record
from local_aws.strict_json import strict_json

FUNCTION_ARN = regex.compile(r"arn:aws[a-z\-]*:lambda:[a-z0-9\-]+:\d{12}:function:[a-zA-Z0-9\-_]+(:[a-zA-Z0-9$\-_]+)?")
LONGEST_SECONDS = 600
"""After 10 minutes AWS fails the step; the function goes on."""
MOST_OUTPUTS, LONGEST_NAME, LONGEST_VALUE = 50, 256, 1024
"""Bounds of PipelineExecutionStepMetadata's OutputParameters."""


class FunctionFailed(Exception):
    """The function could not be invoked, failed, or answered something else than was declared; the text says what."""


@dataclass(frozen=True)
class Answer:
    """What Invoke answered."""

    payload: bytes
    error: str | None = None
    """`Handled` or `Unhandled` where the function itself failed (X-Amz-Function-Error)."""


Invoke = Callable[[str, bytes], Answer]
"""From a function's ARN and its event, as JSON, to what it answered."""


def invoker(credentials: Credentials, endpoint_url: str) -> Invoke:
    """Return what invokes functions under `credentials`; it raises FunctionFailed where Lambda itself refuses."""
    # A second attempt would run the function twice.
    config = Config(read_timeout=LONGEST_SECONDS, retries={"total_max_attempts": 1})
    session = boto3.Session(credentials.access_key, credentials.secret_key, credentials.token, credentials.caller.region)
    client: Any = session.client("lambda", endpoint_url=endpoint_url, config=config)

    def invoke(function_arn: str, payload: bytes) -> Answer:
        try:
            answer = client.invoke(FunctionName=function_arn, Payload=payload)
            return Answer(answer["Payload"].read(), answer.get("FunctionError"))
        except ClientError as error:
            details = error.response.get("Error", {})
            raise FunctionFailed(f"ClientError: {details.get('Code')}: {details.get('Message')}") from None
        except ReadTimeoutError:
            raise FunctionFailed(
                f"ClientError: {function_arn} did not end within {LONGEST_SECONDS} seconds, the most that a Lambda step waits; "
                "the function itself goes on"
            ) from None
        except BotoCoreError as error:
            raise FunctionFailed(f"ClientError: {function_arn} could not be invoked: {error}") from None

    return invoke


def problems(step: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with a Lambda step's own properties."""
    arn = step.get("FunctionArn")
    if not isinstance(arn, str) or not FUNCTION_ARN.fullmatch(arn):
        yield f"a Lambda step needs a FunctionArn, arn:aws:lambda:<region>:<account>:function:<name>, got {arn!r}"
    for name, value in step.get("Arguments", {}).items():
        if value is None or (isinstance(value, (dict, list)) and not is_expression(value)):
            yield f"argument {name!r} must be a string, a number, a boolean or an expression; a Lambda step's may not be nested"
    outputs = step.get("OutputParameters", [])
    if not isinstance(outputs, list) or len(outputs) > MOST_OUTPUTS:
        yield f"OutputParameters must be a list of at most {MOST_OUTPUTS} elements"
        return
    names = [output.get("OutputName") if isinstance(output, dict) else None for output in outputs]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"output {name!r} is declared {names.count(name)} times"
    for output, name in zip(outputs, names, strict=True):
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or set(output) != {"OutputName", "OutputType"}:
            yield f"output {output!r} must have an OutputName of 1 to {LONGEST_NAME} characters and an OutputType, nothing else"
        elif not isinstance(output["OutputType"], str) or output["OutputType"] not in TYPES:
            yield f"output {name!r} has type {output['OutputType']!r}, not {', '.join(TYPES)}"


def run(step: Mapping[str, Any], event: Mapping[str, Any], invoke: Invoke) -> dict[str, Any]:
    """Invoke the function with `event` and return its declared outputs by name.

    Raises
    ------
    FunctionFailed
        If it fails, or does not answer what the step declares.
    """
    arn = step["FunctionArn"]
    answer = invoke(arn, json.dumps(event).encode())
    if answer.error is not None:
        raise FunctionFailed(f"ClientError: {arn} failed: {_why(answer.payload)}")
    declared = step.get("OutputParameters", [])
    if not declared:
        return {}
    try:
        content = strict_json(answer.payload or b"null")
    except ValueError as error:
        raise FunctionFailed(f"ClientError: {arn} answered what is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise FunctionFailed(f"ClientError: {arn} must answer an object with the outputs, not {type(content).__name__}")
    return {output["OutputName"]: _output(output, content, arn) for output in declared}


def _output(output: Mapping[str, str], content: Mapping[str, Any], arn: str) -> Any:
    name, kind = output["OutputName"], output["OutputType"]
    if name not in content:
        known = ", ".join(content) or "nothing"
        raise FunctionFailed(f"ClientError: {arn} did not answer the declared output {name!r}; it answered {known}")
    value = content[name]
    if kind == "String" and isinstance(value, (dict, list)):
        # AWS treats what is nested as a single string.
        value = json.dumps(value)
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "Boolean"):
        raise FunctionFailed(f"ClientError: output {name!r} of {arn} must be of type {kind}, got {value!r}")
    if len(as_text(value)) > LONGEST_VALUE:
        raise FunctionFailed(
            f"ClientError: output {name!r} of {arn} has {len(as_text(value))} characters; at most {LONGEST_VALUE} are allowed"
        )
    return value


def metadata(step: Mapping[str, Any], outputs: Mapping[str, Any]) -> Record:
    """Return the step's metadata as ListPipelineExecutionSteps shows it."""
    parameters = [{"Name": name, "Value": as_text(value)} for name, value in outputs.items()]
    return {"Lambda": {"Arn": step["FunctionArn"], "OutputParameters": parameters}}


def _why(payload: bytes) -> str:
    """Return the message of a function's error."""
    try:
        content = json.loads(payload)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return payload.decode(errors="replace")
    return ": ".join(str(content[key]) for key in ("errorType", "errorMessage") if content.get(key)) or json.dumps(content)
