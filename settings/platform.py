"""Sections that belong to the platform as a whole: identity, storage, alerts, gateway."""

from typing import Annotated

from pydantic import Field, model_validator

from settings.base import LogRetention, Name, Section


class PlatformSection(Section):
    """Who this platform is and where it lives."""

    name: Name = "mlp"
    """First part of every resource name; change it only for a new platform."""
    environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,13}$")]
    """Second part of every resource name; must be the file's own name."""
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """12-digit AWS account. Default: the account of the CLI's credentials."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None
    """AWS region, such as `eu-central-1`. Default: the region of the CLI's profile."""
    ephemeral: bool = False
    """True only for an environment that holds nothing worth keeping. First of the two keys to destroy data; the second is
    `storage.destroy_on_delete`."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Tags on every resource that takes them, such as a cost centre."""


class StorageSection(Section):
    """The data, artifacts and log buckets."""

    destroy_on_delete: bool = False
    """Delete the key, and buckets and registries if they are empty, with their stack. Needs `platform.ephemeral: true` too."""
    noncurrent_version_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Days for which overwritten and deleted object versions can be restored."""
    log_retention_days: Annotated[int, Field(ge=1, le=3650)] = 400
    """Days for which bucket access logs are kept."""


class AlertsSection(Section):
    """Who hears of failed promotions, lost messages and alarms."""

    emails: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]] = Field(default_factory=list)
    """E-mail addresses; each must confirm the subscription that AWS sends it. Default: nobody."""


class GatewaySection(Section):
    """The HTTP API that all models share. Callers sign with SigV4."""

    rate_limit: Annotated[int, Field(ge=1, le=10000)] = 50
    """Requests per second, over all models, before callers get 429."""
    burst_limit: Annotated[int, Field(ge=1, le=5000)] = 100
    """Requests accepted at once above the rate."""
    log_retention_days: LogRetention = 90
    """Days for which access logs are kept; a value that CloudWatch Logs offers."""

    @model_validator(mode="after")
    def _burst_covers_rate(self) -> "GatewaySection":
        if self.burst_limit < self.rate_limit:
            raise ValueError(
                f"burst_limit must be at least rate_limit ({self.rate_limit}), else the rate is never reached; "
                f"raise burst_limit to {self.rate_limit} or lower rate_limit"
            )
        return self
