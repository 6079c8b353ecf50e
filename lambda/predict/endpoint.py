"""Asks the SageMaker endpoint, over a connection that is kept between requests.

Attempts and timeouts are bounded so that the caller always gets this function's answer, never the API's.
Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

import http.client
import json
import os
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from predict.problems import Problem, misconfigured, model_error, no_model, overloaded, timed_out
from shared.sigv4 import Credentials, sign

RETRIED = (429, 500, 503)
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Settings:
    """What the function's environment says."""

    model: str
    endpoint: str
    url: str
    read_seconds: float
    connect_seconds: float
    attempts: int
    max_instances: int

    @classmethod
    def from_environment(cls) -> "Settings":
        """Return the settings; AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME and AWS_ENDPOINT_URL are honoured as in every AWS SDK."""
        environment = os.environ
        url = (
            environment.get("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME")
            or environment.get("AWS_ENDPOINT_URL")
            or f"https://{environment['RUNTIME_HOST']}"
        )
        return cls(
            model=environment["MODEL_NAME"],
            endpoint=environment["ENDPOINT_NAME"],
            url=url,
            read_seconds=float(environment["MODEL_TIMEOUT_SECONDS"]),
            connect_seconds=float(environment["CONNECT_TIMEOUT_SECONDS"]),
            attempts=int(environment["ATTEMPTS"]),
            max_instances=int(environment["MAX_INSTANCES"]),
        )


class Endpoint:
    """The endpoint of one model."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._settings, self._credentials = settings, credentials
        parts = urlsplit(settings.url)
        self._host, self._secure = parts.netloc, parts.scheme == "https"
        self._path = f"/endpoints/{settings.endpoint}/invocations"
        self._connection: http.client.HTTPConnection | None = None

    def invoke(self, body: bytes) -> tuple[str, bytes]:
        """Return content type and body of the model's answer.

        Raises
        ------
        Problem
            For everything that is no answer.
        """
        for attempt in range(1, self._settings.attempts + 1):
            last = attempt == self._settings.attempts
            try:
                status, headers, answer = self._ask(body)
            except TimeoutError:
                raise timed_out(self._settings.read_seconds) from None
            except (OSError, http.client.HTTPException):
                if last:
                    raise overloaded(503) from None
            else:
                if status == 200:
                    return headers.get("Content-Type", "application/json"), answer
                if last or status not in RETRIED:
                    raise self._problem(status, headers, answer)
            time.sleep(PAUSE_SECONDS * attempt)
        raise overloaded(503)

    def _ask(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {"host": self._host, "content-type": "application/json", "accept": "application/json"}
        signed = sign(self._credentials, "sagemaker", "POST", self._path, headers, body)
        fresh = self._connection is None
        try:
            return self._exchange(signed, body)
        except TimeoutError:
            self._close()
            raise
        except (OSError, http.client.HTTPException):
            # A kept connection may have been closed meanwhile; that is no attempt of the request's.
            self._close()
            if fresh:
                raise
            return self._exchange(signed, body)

    def _exchange(self, headers: dict[str, str], body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self._connection = self._connection or self._connect()
        connection.request("POST", self._path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, timeout=self._settings.connect_seconds)
        try:
            connection.connect()
        except TimeoutError as error:
            raise ConnectionError(str(error)) from None
        connection.sock.settimeout(self._settings.read_seconds)
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _problem(self, status: int, headers: http.client.HTTPMessage, answer: bytes) -> Problem:
        content = _json(answer)
        code = (headers.get("x-amzn-ErrorType") or content.get("ErrorCode") or "").partition(":")[0]
        message = str(content.get("Message") or content.get("message") or "")
        if code in ("ValidationError", "ValidationException") and "not found" in message:
            return no_model(self._settings.model)
        if status == 424 or code == "ModelError":
            original = content.get("OriginalStatusCode")
            if original in (0, 504):
                return timed_out(self._settings.read_seconds)
            return model_error(original)
        if status in (429, 503) or code in ("ThrottlingException", "ModelNotReadyException", "ServiceUnavailable"):
            return overloaded(429 if status == 429 else 503)
        return misconfigured(code or str(status))


def _json(answer: bytes) -> dict[str, Any]:
    try:
        content = json.loads(answer)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
