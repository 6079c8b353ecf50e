"""InvokeEndpoint: authorization, routing, the error map, metrics and data capture.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

import asyncio
import json
import re
import time
from typing import Any

import urllib3

from local_aws.containers.model_server import CUSTOM_ATTRIBUTES, MODEL_SECONDS, Answer
from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller, caller_of
from local_aws.ministack_bridge.server import PAYLOAD_TYPE, Response
from local_aws.sagemaker.endpoints.capture import Capture
from local_aws.sagemaker.endpoints.metrics import EndpointMetrics, Invocation
from local_aws.sagemaker.endpoints.replica import Unavailable
from local_aws.sagemaker.endpoints.rollout import Generation
from local_aws.sagemaker.endpoints.service import Endpoints
from local_aws.sagemaker.store import Store, arn

MAX_BODY = 6 * 1024 * 1024
PATH = re.compile(r"^/endpoints/(?P<name>[^/]+)/invocations$")
NOT_OFFERED = {
    f"x-amzn-sagemaker-{header}": member
    for header, member in {
        "target-model": "TargetModel",
        "target-container-hostname": "TargetContainerHostname",
        "enable-explanations": "EnableExplanations",
        "inference-component": "InferenceComponentName",
        "session-id": "SessionId",
        "prefix-aware-id": "PrefixAwareId",
    }.items()
}
"""Members by header: of endpoints of a kind that is not offered, or of model servers with sessions, which the images have not."""
SERVING = ("InService", "Updating", "RollingBack", "SystemUpdating")


class Runtime:
    """The sagemaker-runtime service."""

    def __init__(self, store: Store, endpoints: Endpoints, metrics: EndpointMetrics, capture: Capture) -> None:
        self._store, self._endpoints, self._metrics, self._capture = store, endpoints, metrics, capture

    async def handle(
        self, _method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Response:
        """Answer one HTTP request."""
        try:
            caller = caller_of(headers, query)
        except ServiceError as error:
            return _error(error, {})
        return await asyncio.to_thread(self._answer, caller, path, headers, body)

    def _answer(self, caller: Caller, path: str, headers: dict[str, str], body: bytes) -> Response:
        try:
            match = PATH.match(path)
            if match is None:
                raise ServiceError("NotImplemented", f"The embedded AWS does not offer {path}; AWS may", 501)
            return self._invoke(caller, match["name"], headers, body)
        except ModelError as error:
            return _error(error, error.details)
        except ServiceError as error:
            return _error(error, {})

    def _invoke(self, caller: Caller, name: str, headers: dict[str, str], body: bytes) -> Response:
        started = time.perf_counter()
        self._store.authorize(caller, "InvokeEndpoint", arn(caller, "endpoint", name))
        record = self._store.get("endpoint", caller, name)
        if record is None:
            raise ServiceError("ValidationError", f"Endpoint {name} of account {caller.account} not found.")
        if record["EndpointStatus"] not in SERVING:
            raise ServiceError("ValidationError", f"Endpoint {name} is {record['EndpointStatus']}; it does not serve.")
        for header, member in NOT_OFFERED.items():
            if header in headers:
                raise ServiceError("ValidationError", f"The embedded AWS does not offer {member} of InvokeEndpoint; AWS does")
        if len(body) > MAX_BODY:
            raise ServiceError("ValidationError", f"Request body of {len(body)} bytes exceeds the limit of {MAX_BODY} bytes", 413)
        generation = record["traffic"].pick()
        variant = headers.get("x-amzn-sagemaker-target-variant") or generation.choose()
        if variant not in generation.fleets:
            raise ServiceError("ValidationError", f"Endpoint {name} has no variant {variant}")
        asked = time.perf_counter()
        status, content_type, answer, attributes = self._ask(record, variant, generation, headers, body)
        seconds = time.perf_counter() - asked
        self._metrics.record(
            Invocation(
                caller=caller,
                endpoint=record["EndpointName"],
                variant=variant,
                status=status,
                model_microseconds=seconds * 1e6,
                overhead_microseconds=(asked - started) * 1e6,
                instances=max(1, generation.fleets[variant].size),
            )
        )
        if status >= 400:
            raise ModelError(status, answer.decode("utf-8", "replace"), caller, name)
        self._capture.record(record, generation.config, variant, headers, body, content_type, answer)
        sent = {
            "Content-Type": content_type,
            PAYLOAD_TYPE: content_type,
            "x-Amzn-Invoked-Production-Variant": variant,
            **({CUSTOM_ATTRIBUTES: attributes} if attributes is not None else {}),
        }
        return 200, sent, answer

    @staticmethod
    def _ask(record: dict[str, Any], variant: str, generation: Generation, headers: dict[str, str], body: bytes) -> Answer:
        forwarded = {
            "Content-Type": headers.get("content-type", "application/octet-stream"),
            "Accept": headers.get("accept", "*/*"),
        }
        if CUSTOM_ATTRIBUTES.lower() in headers:
            forwarded[CUSTOM_ATTRIBUTES] = headers[CUSTOM_ATTRIBUTES.lower()]
        try:
            try:
                first: Answer = generation.fleets[variant].invoke(body, forwarded)
                return first
            except Unavailable:
                # The generation may have been retired between choosing and asking it.
                following = record["traffic"].pick()
                second: Answer = following.fleets[variant].invoke(body, forwarded)
                return second
        except (Unavailable, KeyError):
            message = f"{variant} of {record['EndpointName']} has no model server that answers; one is being started."
            raise ServiceError("ServiceUnavailable", message, 503) from None
        except urllib3.exceptions.HTTPError:
            timeout = f"Your invocation timed out while waiting for a response from container primary after {MODEL_SECONDS} s"
            return Answer(504, "text/plain", timeout.encode())


class ModelError(ServiceError):
    """The model answered with an error; its own status and message travel inside a 424."""

    def __init__(self, status: int, message: str, caller: Caller, endpoint: str) -> None:
        kind = "client" if status < 500 else "server"
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        super().__init__(
            "ModelError",
            f'Received {kind} error ({status}) from primary with message "{message[:1000]}". See {group} in account '
            f"{caller.account} for more information.",
            424,
        )
        self.details = {
            "OriginalStatusCode": status,
            "OriginalMessage": message,
            "LogStreamArn": f"arn:aws:logs:{caller.region}:{caller.account}:log-group:{group}",
        }


def _error(error: ServiceError, details: dict[str, Any]) -> Response:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": error.code,
    }
    content = {"ErrorCode": error.code, "Message": error.message, **details}
    return error.status, headers, json.dumps(content).encode()
