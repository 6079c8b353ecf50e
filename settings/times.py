"""Hours of the day and time zones, as a person writes them."""

import difflib
import zoneinfo
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field


def _quoted(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        hours, minutes = divmod(value, 60)
        raise ValueError(
            f'a time must be in quotes, such as "{hours % 24:02}:{minutes:02}": YAML reads it without them as the number {value}'
        )
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _known_zone(value: str) -> str:
    if value in _zones():
        return value
    close = difflib.get_close_matches(value, sorted(_zones()), n=3)
    hint = f"closest: {', '.join(close)}" if close else "use one such as Europe/Berlin or UTC"
    raise ValueError(f"not a time zone of the IANA database; {hint}")


TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), BeforeValidator(_quoted)]
"""`"HH:MM"`, from 00:00 to 23:59."""
TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""Name in the IANA database, such as `Europe/Berlin`."""
