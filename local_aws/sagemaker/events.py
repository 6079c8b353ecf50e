"""What SageMaker tells EventBridge when the state of a resource changes.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html and, for what that page shows
no example of, the schemas aws.sagemaker@SageMaker...StateChange of EventBridge's registry.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from local_aws.ministack_bridge.identity import Caller, in_scope
from local_aws.ministack_bridge.observability import emit_event

log = logging.getLogger(__name__)


def tell(caller: Caller, name: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
    """Put an event on the default bus of the caller's account and region.

    Times in `detail` are stated as milliseconds, as SageMaker states them. An event that cannot be delivered is logged and
    changes nothing else: what it tells of goes on.
    """
    try:
        in_scope(caller, lambda: emit_event(name, _plain(detail), resources))
    except Exception:
        log.exception("%s of %s was not delivered", name, ", ".join(resources))


def tell_state(caller: Caller, subject: str, detail: Mapping[str, Any], resource: str) -> None:
    """Tell that the state of a `subject`, such as `Endpoint Config`, has changed."""
    tell(caller, f"SageMaker {subject} State Change", detail, [resource])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
