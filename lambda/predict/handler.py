"""Entry point: one request of the HTTP API, payload format 2.0."""

import json
import time
from collections.abc import Mapping
from typing import Any

from predict.endpoint import Endpoint, Settings
from predict.problems import Problem
from predict.request import checked_body
from shared.sigv4 import Credentials

SETTINGS = Settings.from_environment()
ENDPOINT = Endpoint(SETTINGS, Credentials.from_environment())


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request."""
    started = time.perf_counter()
    request_id = event.get("requestContext", {}).get("requestId", "unknown")
    model_seconds = 0.0
    try:
        body = checked_body(event, SETTINGS.max_instances)
        asked = time.perf_counter()
        try:
            content_type, answer = ENDPOINT.invoke(body)
        finally:
            model_seconds = time.perf_counter() - asked
        response: dict[str, Any] = {
            "statusCode": 200,
            "headers": {"content-type": content_type},
            "body": answer.decode(),
        }
    except Problem as problem:
        response = problem.response(request_id)
    _log(request_id, response["statusCode"], time.perf_counter() - started, model_seconds)
    return response


def _log(request_id: str, status: int, seconds: float, model_seconds: float) -> None:
    """Log the request without its payload."""
    line = {
        "requestId": request_id,
        "model": SETTINGS.model,
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "modelMilliseconds": round(model_seconds * 1000, 2),
    }
    print(json.dumps(line))  # noqa: T201 - standard output is a function's log
