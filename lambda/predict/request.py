"""What the API hands over, and what the endpoint is asked."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from predict.problems import bad_request, too_large
from predict.validation import errors_in

MAX_BYTES = 5 * 1024 * 1024
"""Lambda takes 6 MB of event; the envelope needs some of it. InvokeEndpoint would take 6 MiB."""


def checked_body(event: Mapping[str, Any], max_instances: int) -> bytes:
    """Return the body to send to the endpoint.

    Raises
    ------
    Problem
        If the request is empty, too large, not JSON, or does not fit the schema.
    """
    body = _body(event)
    if not body.strip():
        raise bad_request('The request has no body; send {"instances": [...]}.')
    if len(body) > MAX_BYTES:
        raise too_large(len(body), MAX_BYTES)
    instances = _instances(body, max_instances)
    errors = errors_in(instances)
    if errors:
        raise bad_request("The instances do not fit the model's input schema.", errors)
    try:
        return json.dumps({"instances": instances}, allow_nan=False).encode()
    except ValueError:
        raise bad_request(
            "The instances hold a number that is not finite: NaN, Infinity, or one too large for a float."
        ) from None


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise bad_request("The request body is not valid base64.") from None


def _instances(body: bytes, max_instances: int) -> list[Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("The request body is not JSON.") from None
    instances = content.get("instances") if isinstance(content, dict) else None
    if not isinstance(instances, list) or not instances:
        raise bad_request('The request must be an object {"instances": [...]} with at least one instance.')
    if len(instances) > max_instances:
        raise bad_request(f"The request has {len(instances)} instances; at most {max_instances} are answered at once.")
    return instances
