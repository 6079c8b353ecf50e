"""A model as a pipeline hands it to an endpoint."""

from dataclasses import dataclass
from typing import Protocol

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from ml_platform.common.framework_image import FrameworkImage
from platform_contract import layout


class ModelStorage(Protocol):
    """Where a model's artifacts and captured requests lie, and what encrypts them; `PlatformStorage` is one."""

    @property
    def artifacts(self) -> s3.IBucket:
        """Bucket of what belongs to models."""

    @property
    def key(self) -> kms.IKey:
        """Encrypts the bucket, volumes and logs."""


class PipelineStorage(ModelStorage, Protocol):
    """Where the raw data lies besides; `PlatformStorage` is one, `TrainingStorage` is made of imported buckets and a key."""

    @property
    def data(self) -> s3.IBucket:
        """Bucket of the datasets."""


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    """A model whose versions a registry keeps: `TrainingPipeline.model`, or one that another stack's pipeline trains."""

    name: str
    """First part of where its artifacts lie: `models/<name>/`."""
    group_name: str
    """Model package group that has its versions."""
    image: FrameworkImage
    """Container that serves it."""
    storage: ModelStorage
    """Where its artifacts are, and captured requests go."""

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` read the artifacts of this model's versions, and no other model's."""
        return self.storage.artifacts.grant_read(grantee, f"{layout.results(self.name, 'model')}*")
