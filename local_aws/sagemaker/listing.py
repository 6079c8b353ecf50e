"""What List operations share: filters by name and time, order, pages."""

from collections.abc import Callable
from datetime import UTC, datetime

from local_aws.sagemaker.store import Record, page

BOUNDS: dict[str, tuple[str, Callable[[datetime, datetime], bool]]] = {
    "CreationTimeAfter": ("CreationTime", lambda value, bound: value > bound),
    "CreationTimeBefore": ("CreationTime", lambda value, bound: value < bound),
    "LastModifiedTimeAfter": ("LastModifiedTime", lambda value, bound: value > bound),
    "LastModifiedTimeBefore": ("LastModifiedTime", lambda value, bound: value < bound),
}


def listed(records: list[Record], parameters: Record, answer: str, name_key: str, status_key: str = "") -> Record:
    """Return one page of `records`, under the name `answer`, filtered and ordered as a List request asks."""
    part = parameters.get("NameContains", "")
    found = [record for record in records if part in record[name_key] and _in_bounds(record, parameters)]
    if status_key and "StatusEquals" in parameters:
        found = [record for record in found if record[status_key] == parameters["StatusEquals"]]
    keys = {"Name": name_key, "Status": status_key}
    by = str(parameters.get("SortBy", "CreationTime"))
    found.sort(key=lambda record: record[keys.get(by, by)], reverse=parameters.get("SortOrder") == "Descending")
    return page(found, parameters, answer)


def _in_bounds(record: Record, parameters: Record) -> bool:
    return all(
        holds(record[key], datetime.fromtimestamp(float(parameters[bound]), UTC))
        for bound, (key, holds) in BOUNDS.items()
        if bound in parameters
    )
