"""What a model is, in every environment: `models/<name>/model.yaml`."""

from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from platform_contract import gate, images
from platform_contract.hyperparameters import encoded
from platform_contract.scripts import MODELKIT
from settings.base import Name, Section
from settings.input_schema import check_input_schema, sample_problems


def _inside_the_folder(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("a data file lies inside the model's folder; give its path relative to that")
    if path.name.startswith("_"):
        raise ValueError("a name that begins with `_` is never data; rename the file")
    return value


def _not_modelkit(value: str) -> str:
    if value == MODELKIT:
        raise ValueError("modelkit is there in any case; leave it out")
    return value


PackageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40), AfterValidator(_not_modelkit)]
DataFile = Annotated[str, Field(min_length=1), AfterValidator(_inside_the_folder)]


class FrameworkSection(Section):
    """The AWS framework container that runs the model's scripts."""

    name: Literal["sklearn"] = "sklearn"
    """Image family."""
    version: str
    """Image version, such as `1.9-0`; `latest` is not one, because images are pinned."""

    @field_validator("version")
    @classmethod
    def _version_is_offered(cls, value: str) -> str:
        allowed = images.versions("sklearn")
        if value not in allowed:
            raise ValueError(f"not an image version that is offered; allowed: {', '.join(allowed)}; pin one of them")
        return value


Metric = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$", max_length=100)]
"""Key under `metrics` in what evaluate.py writes."""
Finite = Annotated[float, Field(allow_inf_nan=False)]


class GateRule(Section):
    """A metric of `evaluation.json` and what it must keep to let a model into the registry."""

    renamed: ClassVar = {"beats": "baseline", "beats_by": "min_improvement", "worse_than_live": "max_regression"}

    metric: Metric
    """Key under `metrics` in what evaluate.py writes."""
    minimum: Finite | None = None
    """Smallest value that passes; says that higher is better."""
    maximum: Finite | None = None
    """Largest value that passes; says that lower is better."""
    baseline: Metric | None = None
    """Another metric that this one must be better than, such as `baseline_accuracy`. Default: none."""
    min_improvement: Annotated[Finite, Field(ge=0)] = 0
    """By more than how much it must be better than the baseline. Default: strictly better is enough."""
    max_regression: Annotated[Finite, Field(ge=0)] | None = None
    """By how much it may be worse than that of the deployed version, on the same test set. Default: not compared."""

    @model_validator(mode="after")
    def _is_a_rule(self) -> "GateRule":
        self.rule  # noqa: B018 - raises where there is no such rule
        return self

    @property
    def rule(self) -> gate.GateRule:
        """The rule as the gate knows it."""
        return gate.GateRule(**self.model_dump(exclude_unset=True))


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
    """Rules on what evaluate.py writes; all must hold, else the pipeline fails and nothing is registered. A rule has `metric`,
    `minimum` or `maximum`, and optionally `baseline`, `min_improvement` and `max_regression`."""
    input_schema: dict[str, Any]
    """JSON Schema of one item in a request's `instances`."""
    sample: dict[str, Any]
    """One valid item; used by the smoke test after a release, by `mlp predict` and in the docs."""
    packages: Annotated[list[PackageName], Field(max_length=10)] = Field(default_factory=list)
    """Python packages under `models/` that its scripts import besides modelkit, and that other models may share, such as
    `movielens`. Default: none."""
    data: DataFile | Annotated[list[DataFile], Field(min_length=1, max_length=100)]
    """File in the model's folder with the raw data to begin with, or a list of such files; a path that begins with one of
    `packages`, such as `movielens/data/ratings.csv`, lies in that."""
    dataset: Name | None = None
    """Dataset that it is trained on, under `datasets/<dataset>/raw/` in the data bucket. Default: one of the model's own name."""

    @property
    def dataset_name(self) -> str:
        """Dataset that it is trained on."""
        return self.dataset or self.name

    @property
    def data_files(self) -> list[str]:
        """Files with the raw data to begin with, relative to the folder of all models."""
        files = [self.data] if isinstance(self.data, str) else self.data
        return [file if PurePosixPath(file).parts[0] in self.packages else f"{self.name}/{file}" for file in files]

    @property
    def shared_packages(self) -> list[str]:
        """Folders beside the model's own whose code its scripts import."""
        return [MODELKIT, *self.packages]

    @model_validator(mode="after")
    def _data_files_differ_in_name(self) -> "ModelDefinition":
        names = [PurePosixPath(file).name for file in self.data_files]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"data: {', '.join(twice)} is there twice; a dataset's files lie side by side, so names must differ")
        return self

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

    @field_validator("hyperparameters", mode="before")
    @classmethod
    def _hyperparameters_are_arguments(cls, value: Any) -> Any:
        encoded(value)
        return value
