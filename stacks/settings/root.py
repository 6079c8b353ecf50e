"""The root of the configuration tree."""

from pydantic import Field, model_validator

from stacks.settings.base import Name, Section
from stacks.settings.model import ModelDefinition
from stacks.settings.platform import AlertsSection, GatewaySection, PlatformSection, StorageSection
from stacks.settings.serving import ServingSection
from stacks.settings.training import TrainingSection


class ModelSection(Section):
    """One model in this environment. An empty section (`spam: {}`) trains with the defaults and serves nothing."""

    training: TrainingSection = Field(default_factory=TrainingSection)
    """Machines and limits of the training pipeline."""
    serving: ServingSection | None = None
    """The endpoint. Default: none, so that nothing is billed by the hour."""


class Environment(Section):
    """One file under `config/`: which models an environment runs, and how large."""

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

    @model_validator(mode="after")
    def _two_keys_destroy_data(self) -> "Environment":
        if self.storage.destroy_on_delete and not self.platform.ephemeral:
            raise ValueError(
                "storage.destroy_on_delete also needs platform.ephemeral: true; "
                "set it only where nothing is worth keeping, or set destroy_on_delete: false"
            )
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


class Settings(Section):
    """The whole, validated: what the app deploys."""

    platform: PlatformSection
    storage: StorageSection
    alerts: AlertsSection
    gateway: GatewaySection
    models: dict[str, ModelSettings]

    @property
    def prefix(self) -> str:
        """First part of every name: `<platform>-<environment>`."""
        return f"{self.platform.name}-{self.platform.environment}"

    @property
    def served_models(self) -> dict[str, ModelSettings]:
        """Models that have an endpoint."""
        return {name: model for name, model in self.models.items() if model.serving is not None}
