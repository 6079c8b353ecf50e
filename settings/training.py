"""How a model is trained in one environment: machine sizes and limits of its pipeline."""

from typing import Annotated, ClassVar

from pydantic import Field

from settings.base import Section
from settings.instances import ProcessingInstanceType, TrainingInstanceType


class ProcessingSection(Section):
    """The machine that prepares the data and evaluates the model; it is billed only while it runs."""

    instance_type: ProcessingInstanceType = "ml.m5.large"
    """SageMaker instance type of the processing jobs."""
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 30
    """Size of its disk in GB."""
    max_runtime_minutes: Annotated[int, Field(ge=1, le=7200)] = 60
    """Minutes after which SageMaker stops a job."""


class TrainingSection(Section):
    """The machines that train; they are billed only while they run."""

    renamed: ClassVar = {"reuse_days": "step_cache_days"}

    instance_type: TrainingInstanceType = "ml.m5.large"
    """SageMaker instance type of the training job."""
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of instances; more than one only for code that distributes its work."""
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 30
    """Size of each instance's disk in GB."""
    max_runtime_minutes: Annotated[int, Field(ge=1, le=40320)] = 60
    """Minutes after which SageMaker stops the job."""
    step_cache_days: Annotated[int, Field(ge=0, le=365)] = 0
    """Days for which prepared data and a trained model are taken again instead of made again, where code, hyperparameters and
    the data's location are the same; for registered datasets only, because changed files in one place go unnoticed. Default: 0,
    never."""
    processing: ProcessingSection = Field(default_factory=ProcessingSection)
    """The machine that prepares and evaluates."""
