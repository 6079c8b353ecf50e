"""What a notebook is made of: machine, idleness, and what people find in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import Duration, Size

from platform_contract import layout


@dataclass(frozen=True, kw_only=True)
class NotebookMachine:
    """What the instance is."""

    instance_type: str = "ml.t3.medium"
    volume: Size = Size.gibibytes(20)
    """Size of the disk; it can grow, never shrink."""
    root_access: bool = False
    repositories: Sequence[str] = ()
    """At most 4 https URLs; Jupyter opens in the first."""


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

    @property
    def other_datasets(self) -> dict[str, str]:
        """Dataset by model, of the models whose dataset is not called as they are."""
        return {model: dataset for model, dataset in self.datasets.items() if dataset != model}

    @property
    def raw_prefixes(self) -> list[str]:
        """Prefixes of the data bucket under which the models' raw data lies."""
        return list(dict.fromkeys(layout.raw(self.datasets.get(model, model)) for model in self.models))
