"""What a training pipeline runs, and on which machines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, Size
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3


@dataclass(frozen=True, kw_only=True)
class ModelCode:
    """The folder with prepare.py, train.py, evaluate.py and serve.py, what they share, and train.py's arguments."""

    name: str
    folder: Path
    hyperparameters: Mapping[str, str | int | float | bool]
    dataset: str
    """Name of the raw data's dataset; it lies under `datasets/<dataset>/raw/` in the data bucket."""
    shared: Sequence[Path] = ()
    """Packages that the scripts import by their folder's name. Default: none."""


@dataclass(frozen=True, kw_only=True)
class JobResources:
    """Machine and limit of one kind of job."""

    instance_type: str
    instance_count: int = 1
    volume: Size
    max_runtime: Duration


@dataclass(frozen=True, kw_only=True)
class TrainingJobs:
    """How the jobs of a pipeline run."""

    processing: JobResources
    training: JobResources
    reuse: Duration | None = None
    """How old a prepared set or a trained model of the very same inputs may be to be taken instead of making it again.

    SageMaker compares S3 prefixes, not the objects below: use it with data that is never changed in place. Default: never.
    """


@dataclass(frozen=True, kw_only=True)
class TrainingStorage:
    """Where raw data lies, where results go, what encrypts them."""

    data: s3.IBucket
    artifacts: s3.IBucket
    key: kms.IKey
