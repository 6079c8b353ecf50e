"""What requests may ask for on AWS and not here: refused by name before anything is made, in one sentence."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_aws.errors import invalid


def refuse(request: Mapping[str, Any], members: Iterable[str]) -> None:
    """Raise ValidationException where `request` has one of `members`.

    Parameters
    ----------
    members
        Paths such as `ResourceConfig.InstanceGroups`; one that ends in `=` and a value is meant only where it has that value.

    Raises
    ------
    ServiceError
        Naming all of them.
    """
    found = [member for member in members if _has(request, member)]
    if found:
        raise invalid(f"The embedded AWS does not offer {', '.join(found)}; AWS does")


def _has(request: Mapping[str, Any], member: str) -> bool:
    path, _, value = member.partition("=")
    found = list(_values(request, path.split(".")))
    return bool(found) if not value else any(str(each) == value for each in found)


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _values(entry, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _values(value[path[0]], path[1:])
