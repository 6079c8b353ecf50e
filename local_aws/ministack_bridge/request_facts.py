"""What IAM is told of a request, where ministack tells it less than AWS does."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions

NO_LOG_GROUP = {"TagResource", "UntagResource", "ListTagsForResource", "DescribeLogGroups"}
"""Operations of CloudWatch Logs that are not about one log group."""


def complete() -> None:
    """Name log streams in the resources of CloudWatch Logs, and the namespace in the context of PutMetricData."""
    iam_actions.extract_resource_arn = _with_log_stream(iam_actions.extract_resource_arn)
    iam_actions.request_tag_context = _with_namespace(iam_actions.request_tag_context)


def _with_log_stream(original: Callable[..., str]) -> Callable[..., str]:
    """AWS checks every operation on a log group on `<group's ARN>:log-stream:<stream>`, the stream's name empty where none is
    named; that is why policies on groups end in `:*`.
    """

    def resource_arn(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
        found = original(service, method, path, headers, body, *rest)
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if service != "logs" or operation in NO_LOG_GROUP or ":log-group:" not in found:
            return found
        return f"{found.removesuffix(':*')}:log-stream:{_json(body).get('logStreamName', '')}"

    return resource_arn


def _with_namespace(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(service: str, action: str, body: bytes, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
        found = original(service, action, body, parameters)
        if action == "cloudwatch:PutMetricData":
            form = {**(parameters or {}), **parse_qs(body.decode("utf-8", "replace"))}
            namespace = _json(body).get("Namespace") or next(iter(form.get("Namespace", [])), None)
            if namespace:
                found["cloudwatch:namespace"] = namespace
        return found

    return context


def _json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
