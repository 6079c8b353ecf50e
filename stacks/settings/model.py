"""What a model is, in every environment: `models/<name>/model.yaml`."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from stacks.settings.base import Name, Section
from stacks.settings.input_schema import check_input_schema, sample_problems

SCRIPTS = ("prepare.py", "train.py", "evaluate.py", "serve.py")
"""The files that make a folder a model."""


class FrameworkSection(Section):
    """The AWS framework container that runs the model's scripts."""

    name: Literal["sklearn"] = "sklearn"
    """Image family."""
    version: str
    """Image version; `latest` is not one, because images are pinned. Allowed for sklearn: 1.2-1, 1.9-0."""

    @field_validator("version")
    @classmethod
    def _version_is_pinned(cls, value: str) -> str:
        allowed = ("1.2-1", "1.9-0")
        if value not in allowed:
            raise ValueError(f"not an image version that is offered; allowed: {', '.join(allowed)}; pin one of them")
        return value


class GateRule(Section):
    """A metric of `evaluation.json` and the bound that lets a model into the registry."""

    metric: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$")]
    """Key under `metrics` in what evaluate.py writes."""
    minimum: float | None = None
    """Smallest value that passes."""
    maximum: float | None = None
    """Largest value that passes."""

    @model_validator(mode="after")
    def _exactly_one_bound(self) -> "GateRule":
        if (self.minimum is None) == (self.maximum is None):
            raise ValueError("a gate rule has either `minimum` or `maximum`; give exactly one of them")
        return self


class ModelDefinition(Section):
    """A model's identity and contract; where it runs and how large is said per environment."""

    name: Name
    """The folder's own name."""
    description: Annotated[str, Field(min_length=10, max_length=1000)]
    """What it predicts, from what, for whom."""
    use_case: Literal["classification", "regression", "clustering", "anomaly_detection", "recommendation", "ranking"]
    """Kind of problem."""
    framework: FrameworkSection
    """Image that runs the scripts."""
    hyperparameters: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Handed to train.py as command-line arguments."""
    gate: Annotated[list[GateRule], Field(min_length=1, max_length=20)]
    """All must hold, else the pipeline fails and nothing is registered."""
    input_schema: dict[str, Any]
    """JSON Schema of one item in a request's `instances`."""
    sample: dict[str, Any]
    """One valid item; used by the smoke test after a release, by `mlp predict` and in the docs."""
    data: str
    """File in the model's folder with the raw data to begin with."""

    @field_validator("input_schema")
    @classmethod
    def _schema_is_one_that_is_enforced(cls, value: dict[str, Any]) -> dict[str, Any]:
        check_input_schema(value)
        return value

    @model_validator(mode="after")
    def _sample_fits_the_schema(self) -> "ModelDefinition":
        found = sample_problems(self.sample, self.input_schema)
        if found:
            raise ValueError(f"sample: {'; '.join(found)}; make it one valid item")
        return self

    @model_validator(mode="after")
    def _hyperparameters_leave_sagemaker_its_own(self) -> "ModelDefinition":
        reserved = sorted(key for key in self.hyperparameters if key.startswith("sagemaker_"))
        if reserved:
            raise ValueError(
                f"hyperparameters {', '.join(reserved)}: the prefix sagemaker_ is reserved by the container; rename them"
            )
        return self
