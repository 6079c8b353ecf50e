"""A JSON service driven by botocore's model: validate, authorize, call, shape the answer."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from local_aws.errors import ServiceError, not_offered
from local_aws.ministack_bridge.identity import Caller, caller_of
from local_aws.ministack_bridge.server import Response
from local_aws.strict_json import strict_json
from local_aws.validation import problems, without_nulls

Operation = Callable[[Caller, dict[str, Any]], Mapping[str, Any] | None]

log = logging.getLogger(__name__)


class JsonService:
    """Operations of one AWS service with the JSON 1.1 protocol; each authorizes its own call.

    `check` raises for what a client may not ask for and AWS's own services, such as CloudFormation, may.
    """

    def __init__(self, name: str, check: Callable[[Mapping[str, Any]], None] = lambda _parameters: None) -> None:
        self.name, self._check = name, check
        self._operations: dict[str, Operation] = {}

    @cached_property
    def model(self) -> ServiceModel:
        """botocore's model of the service."""
        return ServiceModel(Loader().load_service_model(self.name, "service-2"), self.name)

    def offer(self, operations: Mapping[str, Operation]) -> None:
        """Add operations by the name that AWS gives them."""
        self._operations.update(operations)

    @property
    def offered(self) -> list[str]:
        """Names of the operations that are offered, in alphabetical order."""
        return sorted(self._operations)

    def call(self, operation: str, caller: Caller, parameters: dict[str, Any], *, by_client: bool = False) -> dict[str, Any]:
        """Run one operation for `caller`, on behalf of a client or of another of AWS's services.

        Raises
        ------
        ServiceError
            As AWS would answer it.
        """
        model = self._model_of(operation)
        handler = self._operations.get(operation)
        if handler is None:
            raise not_offered(f"{self.name}:{operation}")
        if model.input_shape is not None:
            parameters = without_nulls(model.input_shape, parameters)
            self._validate(model.input_shape, parameters)
        if by_client:
            self._check(parameters)
        answer: dict[str, Any] = _shaped(model.output_shape, handler(caller, parameters) or {})
        return answer

    def _model_of(self, operation: str) -> OperationModel:
        if operation not in self.model.operation_names:
            raise ServiceError("UnknownOperationException", f"{self.name} has no operation {operation}", 404)
        return self.model.operation_model(operation)

    @staticmethod
    def _validate(shape: Shape, parameters: dict[str, Any]) -> None:
        found = list(problems(shape, parameters))
        if found:
            count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
            raise ServiceError("ValidationException", f"{count}: {'; '.join(found)}")

    async def handle(
        self, _method: str, _path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Response:
        """Answer one HTTP request."""
        try:
            caller = caller_of(headers, query)
        except ServiceError as error:
            return _error(error)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        return await asyncio.to_thread(self._answer, caller, operation, body)

    def _answer(self, caller: Caller, operation: str, body: bytes) -> Response:
        try:
            parameters = _parsed(body)
            return _response(200, self.call(operation, caller, parameters, by_client=True))
        except ServiceError as error:
            return _error(error)
        except Exception:
            log.exception("%s failed", operation)
            message = f"{operation} failed inside the embedded AWS; its log has the details"
            return _response(500, {"__type": "InternalFailure", "message": message}, "InternalFailure")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parameters = strict_json(body or b"{}")
    except (ValueError, RecursionError):
        raise ServiceError("SerializationException", "The request body is not JSON, or is nested too deeply") from None
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object")
    return parameters


def _shaped(shape: Shape | None, value: Any) -> Any:
    """Keep of `value` what the model's output shape names; times become epoch seconds."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        members = {name: value[name] for name in shape.members if value.get(name) is not None}
        return {name: _shaped(shape.members[name], member) for name, member in members.items()}
    if shape.type_name == "list":
        return [_shaped(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _shaped(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def _error(error: ServiceError) -> Response:
    return _response(error.status, {"__type": error.code, "message": error.message}, error.code)


def _response(status: int, content: Mapping[str, Any], error: str | None = None) -> Response:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    if error is not None:
        headers["x-amzn-ErrorType"] = error
    return status, headers, json.dumps(content).encode()
