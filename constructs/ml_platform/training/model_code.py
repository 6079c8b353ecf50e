"""What a training pipeline runs, and on which machines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from aws_cdk import Duration, Size
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from ml_platform.common.cached_tokens import seconds
from ml_platform.common.problems import instance_type, outside
from ml_platform.common.vpc_network import VpcNetwork
from platform_contract.hyperparameters import encoded
from platform_contract.scripts import SCRIPTS

NAME = r"[a-z][a-z0-9-]{0,39}"
LONGEST_DAYS = {"processing": 5, "training": 28}
"""Longest that a job may run. Source: API_StoppingCondition and API_ProcessingStoppingCondition of SageMaker's API reference."""


@dataclass(frozen=True, kw_only=True)
class ModelCode:
    """The folder with prepare.py, train.py, evaluate.py and serve.py, what they share, and train.py's arguments."""

    name: str
    folder: Path
    hyperparameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Arguments of train.py by their names. Default: none."""
    dataset: str
    """Name of the raw data's dataset; it lies under `datasets/<dataset>/raw/` in the data bucket."""
    shared: Sequence[Path] = ()
    """Packages that the scripts import by their folder's name. Default: none."""

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the name, the folders and the hyperparameters."""
        for what, name in (("name", self.name), ("dataset", self.dataset)):
            if not re.fullmatch(NAME, name):
                yield f"code.{what} is {name!r}; allowed: 1 to 40 lower-case letters, digits and hyphens, a letter first"
        missing = [script for script in SCRIPTS if not (self.folder / script).is_file()]
        if missing:
            yield f"code.folder is {str(self.folder)!r}, which lacks {', '.join(missing)}"
        yield from (f"code.shared has {str(folder)!r}, which is no folder" for folder in self.shared if not folder.is_dir())
        try:
            encoded(self.hyperparameters)
        except ValueError as problem:
            yield f"code.{problem}"


@dataclass(frozen=True, kw_only=True)
class JobResources:
    """Machine and limit of one kind of job."""

    instance_type: str = "ml.m5.large"
    """SageMaker instance type. Default: ml.m5.large."""
    instance_count: int = 1
    """1 to 100; more than one only for code that distributes its work. Default: 1."""
    volume: Size = Size.gibibytes(30)
    """Size of each instance's disk, 1 to 16,384 GiB. Default: 30 GiB."""
    max_runtime: Duration = Duration.hours(1)
    """When SageMaker stops the job, at most 28 days (5 of a processing job) after its start. Default: 1 hour."""

    @cached_property
    def volume_gb(self) -> int:
        """Size of the disk as SageMaker takes it."""
        return int(self.volume.to_gibibytes())

    def problems(self, use: Literal["processing", "training"]) -> Iterator[str]:
        """Yield what is wrong with the machine for jobs of one kind."""
        yield from instance_type(f"{use}.instance_type", use, self.instance_type)
        yield from outside(f"{use}.instance_count", self.instance_count, 1, 100)
        yield from outside(f"{use}.volume", self.volume_gb, 1, 16384, "GiB")
        yield from outside(f"{use}.max_runtime", seconds(self.max_runtime), 1, LONGEST_DAYS[use] * 86400, "seconds")


@dataclass(frozen=True, kw_only=True)
class TrainingJobs:
    """How the jobs of a pipeline run."""

    processing: JobResources = field(default_factory=JobResources)
    """Prepares and evaluates. Default: one ml.m5.large, for an hour at most."""
    training: JobResources = field(default_factory=JobResources)
    """Trains. Default: one ml.m5.large, for an hour at most."""
    network: VpcNetwork | None = None
    """Subnets of a VPC. Default: SageMaker's own network; containers have none in either case."""
    step_cache: Duration | None = None
    """How old a prepared set or a trained model of the very same inputs may be to be taken instead of making it again.

    SageMaker compares S3 prefixes, not the objects below: use it with data that is never changed in place. Default: never.
    """

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the machines."""
        yield from self.processing.problems("processing")
        yield from self.training.problems("training")
        if self.network is not None:
            yield from self.network.problems("jobs.network")


@dataclass(frozen=True, kw_only=True)
class TrainingStorage:
    """Where raw data lies, where results go, what encrypts them."""

    data: s3.IBucket
    artifacts: s3.IBucket
    key: kms.IKey
