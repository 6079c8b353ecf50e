"""States of notebook instances, and the events that their changes cause.

Source of the event's fields: the schema aws.sagemaker@SageMakerNotebookInstanceStateChange of EventBridge's registry.
"""

from typing import Any

from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.events import tell_state
from local_aws.sagemaker.store import Record, Store, now

KIND = "notebook-instance"
STATUS = "NotebookInstanceStatus"
AT_REST = ("Stopped", "Failed")
MAX_REASON = 1024
EVENT_FIELDS = (
    "NotebookInstanceName",
    "NotebookInstanceArn",
    STATUS,
    "InstanceType",
    "RoleArn",
    "NotebookInstanceLifecycleConfigName",
)
TIMES = ("CreationTime", "LastModifiedTime")


class States:
    """Changes the state of instances."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def leave(self, caller: Caller, record: Record, allowed: tuple[str, ...], status: str) -> None:
        """Go to `status`, if the instance is in one of the `allowed` ones.

        Raises
        ------
        ServiceError
            Otherwise, so that of two callers at once one is refused.
        """
        with self._store.lock:
            if record[STATUS] not in allowed:
                raise refused(record, allowed, status)
            detail = self._change(record, status, "")
        _tell(caller, record, detail)

    def enter(self, caller: Caller, record: Record, status: str, reason: str = "") -> None:
        """Go to `status`; `reason` says why an instance Failed."""
        with self._store.lock:
            detail = self._change(record, status, reason)
        _tell(caller, record, detail)

    def _change(self, record: Record, status: str, reason: str) -> dict[str, Any]:
        record[STATUS], record["LastModifiedTime"] = status, now()
        record.pop("FailureReason", None)
        if reason:
            record["FailureReason"] = reason[:MAX_REASON]
        detail: dict[str, Any] = {key: record[key] for key in EVENT_FIELDS if record.get(key) is not None}
        detail |= {key: record[key] for key in TIMES}
        return detail | {"Tags": self._store.tags_of(record["NotebookInstanceArn"])}


def _tell(caller: Caller, record: Record, detail: dict[str, Any]) -> None:
    tell_state(caller, "Notebook Instance", detail, record["NotebookInstanceArn"])


def refused(record: Record, allowed: tuple[str, ...], status: str) -> ServiceError:
    """Return AWS's answer to what an instance's state does not allow."""
    names, arn = ", ".join(allowed), record["NotebookInstanceArn"]
    return invalid(
        f"Status ({record[STATUS]}) not in ([{names}]). Unable to transition to ({status}) for Notebook Instance ({arn})"
    )
