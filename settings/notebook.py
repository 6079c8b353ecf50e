"""Notebook instances that people work in, and what stops those that are forgotten."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from settings.base import LogRetention, Name, Section
from settings.instances import KnownNotebookInstanceType, NotebookInstanceType
from settings.times import TimeOfDay, TimeZone

NotebookName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=20)]
"""Part of the instance's name, of tags and of keys in the artifacts bucket."""


def _matches(pattern: str, meaning: str) -> AfterValidator:
    """Return what checks a text against `pattern` and tells `meaning`, in words, to whoever misses it."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be {meaning}")
        return value

    return AfterValidator(check)


Repository = Annotated[
    str,
    _matches(
        r"https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/-]+",
        "an https URL such as https://github.com/aws/sagemaker-core, without a user name or a password",
    ),
]
Requirement = Annotated[
    str,
    _matches(
        r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._-]+(,[A-Za-z0-9._-]+)*\])?([=~]=[A-Za-z0-9.!+_-]+)?",
        "a package such as pandas, pandas==2.3.3 or dask[dataframe]~=2026.1, without spaces or other characters of the shell",
    ),
]


class KeepHours(Section):
    """Office hours: an idle notebook is warned in them, but not stopped."""

    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1, max_length=7)]
    """Days of the week."""
    from_: Annotated[TimeOfDay, Field(alias="from")]
    """First minute, in quotes."""
    to: TimeOfDay
    """Minute from which it is stopped again, in quotes; later than `from` on the same day."""
    timezone: TimeZone
    """IANA name, such as `Europe/Berlin`."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "KeepHours":
        if self.to <= self.from_:
            raise ValueError(
                f'`to` ("{self.to}") must be later than `from` ("{self.from_}") on the same day; for hours over midnight use '
                'keep-alive in the notebook, or set `to: "23:59"`'
            )
        if len(set(self.days)) != len(self.days):
            raise ValueError("a day is named twice in `days`; name each once")
        return self


class NightlyStop(Section):
    """The moment at which a notebook that computes nothing is stopped, whoever has it open."""

    at: TimeOfDay
    """Local time, in quotes, such as "22:00"."""
    timezone: TimeZone
    """IANA name, such as `Europe/Berlin`."""


class NotebookSection(Section):
    """A notebook instance of a person or a team, billed by the hour while it runs."""

    instance_type: NotebookInstanceType = "ml.t3.medium"
    """SageMaker instance type: one that Amazon Linux 2023 runs, without local disks."""
    volume_gb: Annotated[int, Field(ge=5, le=16384)] = 20
    """Size of its disk in GB; the folder SageMaker/ on it survives stops. It can grow, never shrink."""
    idle_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """Minutes without work and without a person after which it stops itself."""
    warn_minutes: Annotated[int, Field(ge=1, le=1439)] = 10
    """Minutes before that in which it warns inside Jupyter; fewer than `idle_minutes`."""
    keep_hours: KeepHours | None = None
    """Office hours in which it is only warned. Default: none."""
    keep_alive_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """Longest time ahead, in hours, for which the keep-alive file in the notebook is honoured."""
    nightly_stop: NightlyStop | None = None
    """When it is stopped each night unless it computes. Default: never."""
    max_uptime_hours: Annotated[int, Field(ge=1, le=720)] = 72
    """Hours after a start at which it is stopped even while it computes."""
    repositories: Annotated[list[Repository], Field(max_length=4)] = Field(default_factory=list)
    """Git repositories, https, at most 4; Jupyter opens in the first."""
    packages: Annotated[list[Requirement], Field(max_length=20)] = Field(default_factory=list)
    """Packages that pip installs at each start, at most 20, such as `pandas==2.3.3`."""
    models: Annotated[list[Name], Field(max_length=10)] = Field(default_factory=list)
    """Models of this environment, at most 10, whose raw data and artifacts it may read and whose pipelines it may start."""
    internet_access: bool = False
    """Give it the internet, through SageMaker. Without it, it needs `subnet_id` and `security_group_ids`."""
    subnet_id: Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")] | None = None
    """Subnet of a VPC to connect it to; without `internet_access` that is its only network. Default: none."""
    security_group_ids: Annotated[list[Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]], Field(max_length=5)] = Field(
        default_factory=list
    )
    """Security groups in the subnet's VPC."""
    root_access: bool = False
    """Let its users become root."""
    endpoint_hours: Annotated[int, Field(ge=1, le=168)] = 8
    """Hours after which an endpoint that was deployed from it is deleted, unless its deployment asks for others, at most 168."""

    @model_validator(mode="after")
    def _is_warned_before_it_stops(self) -> "NotebookSection":
        if self.warn_minutes >= self.idle_minutes:
            raise ValueError(
                f"warn_minutes ({self.warn_minutes}) must be fewer than idle_minutes ({self.idle_minutes}), else the warning "
                "would come before anybody is idle; lower warn_minutes or raise idle_minutes"
            )
        return self

    @model_validator(mode="after")
    def _has_a_network(self) -> "NotebookSection":
        if self.security_group_ids and self.subnet_id is None:
            raise ValueError("security_group_ids need subnet_id, a subnet of the same VPC; add it, or remove them")
        if self.subnet_id is not None and not self.security_group_ids:
            raise ValueError("subnet_id needs security_group_ids, from one to five of the same VPC; add them")
        if self.subnet_id is None and not self.internet_access:
            raise ValueError(
                "this notebook would have no network: set internet_access: true, or give subnet_id and security_group_ids of a "
                "VPC from which AWS's services can be reached"
            )
        return self

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> "NotebookSection":
        for key, values in (("repositories", self.repositories), ("models", self.models), ("packages", self.packages)):
            if len(set(values)) != len(values):
                raise ValueError(f"{key} names something twice; name each once")
        return self


class WatchdogSection(Section):
    """The function outside the notebooks that stops what their own idle agent has left running; deployed with notebooks."""

    every_minutes: Annotated[int, Field(ge=1, le=60)] = 5
    """Minutes between two looks."""
    heartbeat_minutes: Annotated[int, Field(ge=5, le=1440)] = 15
    """Minutes of silence after which a notebook's idle agent counts as dead."""
    max_keep_alive_hours: Annotated[int, Field(ge=1, le=720)] = 168
    """Longest time ahead, in hours, for which the tag `ml-platform:keep-alive-until` of a notebook instance is honoured."""
    prices_per_hour: dict[KnownNotebookInstanceType, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """What an hour costs, by notebook instance type, from AWS's price list for the region. Default: only hours are told."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    """Currency of the prices, three letters."""
    log_retention_days: LogRetention = 90
    """Days for which the logs of notebooks and of the function are kept; a value that CloudWatch Logs offers."""
