"""The root of the configuration tree."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from platform_contract.names import PlatformNames
from settings.base import Name, Section
from settings.datasets import DatasetSection, QueriesSection
from settings.model import ModelDefinition
from settings.notebook import NotebookName, NotebookSection, WatchdogSection
from settings.platform import AlertsSection, GatewaySection, PlatformSection, StorageSection
from settings.serving import ServingSection
from settings.training import TrainingSection

LONGEST_INSTANCE_NAME = 63
"""Characters in a notebook instance's name (API: CreateNotebookInstance)."""


Approval = Literal["manual", "automatic"]


class ModelSection(Section):
    """One model in this environment. An empty section (`spam: {}`) trains with the defaults and serves nothing."""

    training: TrainingSection = Field(default_factory=TrainingSection)
    """Machines and limits of the training pipeline."""
    serving: ServingSection | None = None
    """The endpoint. Default: none, so that nothing is billed by the hour."""
    approval: Approval = "manual"
    """Who approves a version that keeps its gate: a person (`manual`), or the pipeline itself (`automatic`), which releases it
    at once where the model is served."""


class Environment(Section):
    """One file under `config/`: which models an environment runs, and how large."""

    renamed: ClassVar = {"backstop": "watchdog"}

    platform: PlatformSection
    """Identity and place."""
    storage: StorageSection = Field(default_factory=StorageSection)
    """Buckets."""
    alerts: AlertsSection = Field(default_factory=AlertsSection)
    """Recipients of alarms."""
    gateway: GatewaySection = Field(default_factory=GatewaySection)
    """The HTTP API; deployed when a model is served."""
    models: dict[Name, ModelSection] = Field(default_factory=dict)
    """Models by the name of their folder under `models/`."""
    datasets: dict[Name, DatasetSection] = Field(default_factory=dict)
    """Datasets by name; the ones that models read need no entry. Default: none has a table."""
    queries: QueriesSection = Field(default_factory=QueriesSection)
    """Limits of SQL queries on datasets."""
    notebooks: dict[NotebookName, NotebookSection] = Field(default_factory=dict)
    """Notebook instances by name. Default: none."""
    watchdog: WatchdogSection = Field(default_factory=WatchdogSection)
    """What stops forgotten notebooks; deployed when there is one."""

    @model_validator(mode="after")
    def _two_keys_destroy_data(self) -> "Environment":
        if self.storage.destroy_on_delete and not self.platform.ephemeral:
            raise ValueError(
                "storage.destroy_on_delete also needs platform.ephemeral: true; "
                "set it only where nothing is worth keeping, or set destroy_on_delete: false"
            )
        return self

    @model_validator(mode="after")
    def _notebooks_use_models_of_this_environment(self) -> "Environment":
        unknown = [
            f"notebooks.{name}.models: {model}"
            for name, notebook in self.notebooks.items()
            for model in notebook.models
            if model not in self.models
        ]
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)} is not among the models of this environment; known: {', '.join(self.models) or 'none'}; "
                "correct it, or add it under `models`"
            )
        return self

    @model_validator(mode="after")
    def _notebooks_can_be_named(self) -> "Environment":
        prefix, outputs = f"{self.platform.name}-{self.platform.environment}", dict[str, str]()
        for name in self.notebooks:
            longest = LONGEST_INSTANCE_NAME - len(f"{PlatformNames(prefix).notebook_instances}-0000")
            if len(name) > longest:
                raise ValueError(
                    f"notebooks.{name}: the name is too long for {prefix}-nb-{name}-<4 characters>, of which SageMaker takes "
                    f"{LONGEST_INSTANCE_NAME}; use at most {longest} characters"
                )
            other = outputs.setdefault(name.replace("-", ""), name)
            if other != name:
                raise ValueError(f"notebooks.{name} and notebooks.{other} differ in hyphens only; rename one of them")
        return self


class ModelSettings(Section):
    """A model's definition together with how this environment runs it."""

    definition: ModelDefinition
    """From models/<name>/model.yaml."""
    folder: str
    """Absolute path of the model's folder."""
    training: TrainingSection
    """From config."""
    serving: ServingSection | None
    """From config."""
    approval: Approval = "manual"
    """From config."""


class Settings(Section):
    """The whole, validated: what the app deploys."""

    platform: PlatformSection
    storage: StorageSection
    alerts: AlertsSection
    gateway: GatewaySection
    models: dict[str, ModelSettings]
    datasets: dict[str, DatasetSection]
    queries: QueriesSection
    notebooks: dict[str, NotebookSection]
    watchdog: WatchdogSection

    @property
    def prefix(self) -> str:
        """First part of every name: `<platform>-<environment>`."""
        return f"{self.platform.name}-{self.platform.environment}"

    @property
    def served_models(self) -> dict[str, ModelSettings]:
        """Models that have an endpoint."""
        return {name: model for name, model in self.models.items() if model.serving is not None}
