"""What all List operations share: filters, order, pages.

A page's token names the place of its last entry in the order, so that nothing is skipped or told twice while entries come and go.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.errors import invalid
from local_aws.sagemaker.store import Record

DEFAULT_PAGE = 100
"""AWS names no default for most operations; it may always give fewer."""
TIMES = {
    "CreationTimeAfter": "CreationTime",
    "CreationTimeBefore": "CreationTime",
    "CreatedAfter": "CreationTime",
    "CreatedBefore": "CreationTime",
    "LastModifiedTimeAfter": "LastModifiedTime",
    "LastModifiedTimeBefore": "LastModifiedTime",
}
"""What a bound is about."""
Place = tuple[Any, ...]
"""Where an entry is in an order: numbers and texts, which JSON carries."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One List operation: its answer, and which of a record's keys its filters and its order are about.

    Defaults are those of the operation's page in AWS's API reference; a test compares them.
    """

    answer: str
    """Member of the answer that holds the entries."""
    name: str
    """Key of what an entry is called."""
    status: str = ""
    """Key of its state, for StatusEquals and SortBy."""
    by: str = "CreationTime"
    """SortBy where the request has none."""
    order: str = "Ascending"
    """SortOrder where the request has none."""
    from_included: bool = False
    """Whether CreationTimeAfter means at or after."""
    page_size: int = DEFAULT_PAGE
    """MaxResults where the request has none."""
    contains: Mapping[str, str] = field(default_factory=dict)
    """Filters by a part of a text, besides NameContains: key by member of the request."""
    equal: Mapping[str, str] = field(default_factory=dict)
    """Filters by equality, or by membership where the key holds a list: key by member of the request."""
    prefix: str = ""
    """Member that asks for names which begin so."""
    tie: Callable[[Record], Any] | None = None
    """What orders entries that are otherwise equal. Default: their names."""

    def page(self, records: Sequence[Record], parameters: Mapping[str, Any]) -> Record:
        """Return one page of those of `records` that a request asks for."""
        found = [record for record in records if self._matches(record, parameters)]
        by = str(parameters.get("SortBy", self.by))
        key = {"Name": self.name, "Status": self.status}.get(by, by)
        tie = self.tie or (lambda record: record[self.name])
        return paged(
            found,
            parameters,
            self.answer,
            lambda record: (_comparable(record.get(key, record["CreationTime"])), tie(record)),
            descending=parameters.get("SortOrder", self.order) == "Descending",
            size=self.page_size,
        )

    def filters(self) -> set[str]:
        """Return the members of a request that this listing obeys."""
        own = {"NameContains", *TIMES, *self.contains, *self.equal, *([self.prefix] if self.prefix else [])}
        return own | {"SortBy", "SortOrder", "MaxResults", "NextToken"} | ({"StatusEquals"} if self.status else set())

    def _matches(self, record: Record, parameters: Mapping[str, Any]) -> bool:
        parts = {"NameContains": self.name, **self.contains}
        exact = {**({"StatusEquals": self.status} if self.status else {}), **self.equal}
        return (
            all(parameters[member] in record.get(key, "") for member, key in parts.items() if member in parameters)
            and all(_equals(record.get(key), parameters[member]) for member, key in exact.items() if member in parameters)
            and all(self._in_bound(record, member, parameters[member]) for member in TIMES if member in parameters)
            and (not self.prefix or str(record[self.name]).startswith(parameters.get(self.prefix, "")))
        )

    def _in_bound(self, record: Record, member: str, bound: float) -> bool:
        value: datetime = record.get(TIMES[member]) or record["CreationTime"]
        limit = datetime.fromtimestamp(float(bound), UTC)
        if member.endswith("Before"):
            return bool(value < limit)
        return bool(value >= limit if self.from_included and member == "CreationTimeAfter" else value > limit)


def paged(
    records: Sequence[Record],
    parameters: Mapping[str, Any],
    answer: str,
    place: Callable[[Record], Place],
    *,
    descending: bool = False,
    size: int = DEFAULT_PAGE,
) -> Record:
    """Return the page of `records` that MaxResults and NextToken ask for, in the order of their places, all of them different.

    Raises
    ------
    ServiceError
        ValidationException for a token that no answer has given.
    """
    ordered = sorted(records, key=place, reverse=descending)
    if "NextToken" in parameters:
        last = _place_of(parameters["NextToken"])
        if ordered and _kinds(place(ordered[0])) != _kinds(last):
            raise _no_token()
        ordered = [record for record in ordered if (place(record) < last if descending else place(record) > last)]
    size = int(parameters.get("MaxResults") or size)
    result: Record = {answer: ordered[:size]}
    if len(ordered) > size:
        result["NextToken"] = base64.urlsafe_b64encode(json.dumps(place(ordered[size - 1])).encode()).decode()
    return result


def _place_of(token: str) -> Place:
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, RecursionError):
        raise _no_token() from None
    if not isinstance(place, list):
        raise _no_token()
    return _hashable(place)


def _kinds(place: Place) -> list[Any]:
    """Return what a place is made of, which all places of one order have in common."""
    return [_kinds(part) if isinstance(part, tuple) else isinstance(part, str) for part in place]


def _hashable(place: list[Any]) -> Place:
    """Return a place as it was before JSON made lists of its tuples."""
    return tuple(_hashable(part) if isinstance(part, list) else part for part in place)


def _no_token() -> Exception:
    return invalid("Invalid pagination token: NextToken must be one that an earlier answer to the same request has given")


def _comparable(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value


def _equals(value: Any, wanted: str) -> bool:
    return wanted in value if isinstance(value, list) else value == wanted
