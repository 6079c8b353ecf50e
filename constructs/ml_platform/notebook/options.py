"""What a notebook is made of: machine, idleness, and what people find in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Duration, Size

from ml_platform.common.problems import instance_type, outside, whole
from platform_contract import layout
from platform_contract.instances import has_local_nvme

MOST_REPOSITORIES = 4


@dataclass(frozen=True, kw_only=True)
class NotebookMachine:
    """What the instance is."""

    instance_type: str = "ml.t3.medium"
    volume: Size = Size.gibibytes(20)
    """Size of the disk; it can grow, never shrink."""
    root_access: bool = False
    repositories: Sequence[str] = ()
    """At most 4 https URLs; Jupyter opens in the first."""

    def problems(self, name: str) -> Iterator[str]:
        """Yield what SageMaker would refuse, in sentences that begin with the property's `name`."""
        yield from instance_type(f"{name}.instance_type", "notebook", self.instance_type)
        if has_local_nvme(self.instance_type):
            yield (
                f"{name}.instance_type is {self.instance_type!r}, which has local NVMe disks, for which SageMaker takes no KMS "
                "key; use a type without them, such as ml.m5.xlarge, and train on GPUs in training jobs"
            )
        yield from outside(f"{name}.volume", self.volume.to_gibibytes(), 5, 16384, "GiB")
        if len(self.repositories) > MOST_REPOSITORIES:
            yield f"{name}.repositories has {len(self.repositories)} entries; allowed: 0 to {MOST_REPOSITORIES}"


@dataclass(frozen=True, kw_only=True)
class KeepHours:
    """Hours of the week in which an idle notebook is only warned."""

    days: Sequence[str]
    """Of mon, tue, wed, thu, fri, sat, sun."""
    begin: str
    """`HH:MM`, local time."""
    end: str
    """`HH:MM`, later on the same day."""
    timezone: str
    """IANA name."""


@dataclass(frozen=True, kw_only=True)
class IdleShutdown:
    """When the instance stops itself."""

    idle: Duration = Duration.minutes(60)
    warning: Duration = Duration.minutes(10)
    """How long before that it warns."""
    keep_hours: KeepHours | None = None
    max_keep_alive: Duration = Duration.hours(24)
    """Longest time ahead for which the keep-alive file is honoured."""

    def problems(self, name: str) -> Iterator[str]:
        """Yield what the idle agent could not go by, in sentences that begin with the property's `name`."""
        yield from whole(f"{name}.idle", self.idle, "minutes", 5, 1440)
        yield from whole(f"{name}.warning", self.warning, "minutes", 1, 1439)
        yield from whole(f"{name}.max_keep_alive", self.max_keep_alive, "hours", 1, 168)
        before, after = (duration.to_minutes(integral=False) for duration in (self.warning, self.idle))
        if before >= after:
            minutes = f"{before:g} of {after:g} minutes"
            yield f"{name}.warning is {minutes}; allowed: less than {name}.idle, else it would warn before anybody is idle"


@dataclass(frozen=True, kw_only=True)
class NotebookWork:
    """What people find in it."""

    models: Mapping[str, str] = field(default_factory=dict)
    """Name of pipeline and model package group by model, of the models that it may use."""
    datasets: Mapping[str, str] = field(default_factory=dict)
    """Name of the dataset by model. Default: called as the model."""
    packages: Sequence[str] = ()
    """What pip installs at each start."""
    endpoint_lifetime: Duration = Duration.hours(8)
    """After which endpoints that it made are deleted."""

    def problems(self, name: str) -> Iterator[str]:
        """Yield what the watchdog could not go by, in sentences that begin with the property's `name`."""
        yield from whole(f"{name}.endpoint_lifetime", self.endpoint_lifetime, "hours", 1, 168)

    @property
    def other_datasets(self) -> dict[str, str]:
        """Dataset by model, of the models whose dataset is not called as they are."""
        return {model: dataset for model, dataset in self.datasets.items() if dataset != model}

    @property
    def raw_prefixes(self) -> list[str]:
        """Prefixes of the data bucket under which the models' raw data lies."""
        return list(dict.fromkeys(layout.raw(self.datasets.get(model, model)) for model in self.models))
