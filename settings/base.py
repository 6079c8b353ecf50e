"""What every settings section is: frozen, and closed to keys it does not know."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of the configuration; an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)
    renamed: ClassVar[Mapping[str, str]] = {}
    """Keys that an earlier version had, and what they are called now."""


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$", min_length=2, max_length=20)]
"""Lower case, because SageMaker lower-cases endpoint names while IAM compares case-sensitively."""

LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653)
"""Days for which CloudWatch Logs can keep logs (API: PutRetentionPolicy); longer ones are left out."""


def _offered(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        offered = ", ".join(map(str, LOG_RETENTION_DAYS))
        raise ValueError(f"CloudWatch Logs keeps logs for {offered} days only; choose one of these")
    return days


LogRetention = Annotated[int, AfterValidator(_offered)]
