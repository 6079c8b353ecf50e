"""The step that writes a new version into the model registry."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from aws_cdk import Token

from ml_platform.training.pipeline.expressions import Expression
from ml_platform.training.pipeline.step import ENVIRONMENT_NAME, Step, breaks_pattern

MAX_ENTRIES, MAX_KEY, MAX_VALUE = 50, 128, 256
r"""Of CustomerMetadataProperties (API: CustomerMetadataMap); keys and values are of [\p{L}\p{Z}\p{N}_.:/=+\-@]."""


@dataclass(frozen=True, kw_only=True)
class RegisterStep(Step):
    """A new version in a model package group.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
    """

    kind: ClassVar[str] = "RegisterModel"
    group_name: str
    image_uri: str
    model_data: str | Expression
    environment: Mapping[str, str]
    content_type: str
    statistics: str | Expression
    """Where the evaluation's JSON lies."""
    constraints: str | Expression | None = None
    """Where the JSON lies that says what the evaluation had to keep. Default: nowhere."""
    metadata: Mapping[str, str | Expression] = field(default_factory=dict)
    """At most 50 entries; values have 1 to 256 letters, digits, spaces and _.:/=+-@. Default: none."""
    approval: Literal["PendingManualApproval", "Approved"] = "PendingManualApproval"

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        yield from super().problems()
        yield from breaks_pattern("an environment variable's name", self.environment, ENVIRONMENT_NAME)
        if len(self.metadata) > MAX_ENTRIES:
            yield f"{len(self.metadata)} entries of metadata, of which SageMaker takes {MAX_ENTRIES}"
        for key, value in self.metadata.items():
            if not _accepted(key, MAX_KEY):
                yield f"metadata: the key must be 1 to {MAX_KEY} letters, digits, spaces or _.:/=+-@, got {key!r}"
            if isinstance(value, str) and not _accepted(value, MAX_VALUE) and not Token.is_unresolved(value):
                yield f"metadata {key!r}: the value must be 1 to {MAX_VALUE} letters, digits, spaces or _.:/=+-@, got {value!r}"

    def _arguments(self) -> dict[str, Any]:
        container = {
            "Image": self.image_uri,
            "ModelDataUrl": self.model_data,
            "Environment": dict(self.environment),
        }
        return {
            "ModelPackageGroupName": self.group_name,
            "ModelApprovalStatus": self.approval,
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": [self.content_type],
                "SupportedResponseMIMETypes": [self.content_type],
            },
            "ModelMetrics": {"ModelQuality": self._quality()},
            **({"CustomerMetadataProperties": dict(self.metadata)} if self.metadata else {}),
        }

    def _quality(self) -> dict[str, Any]:
        sources = {"Statistics": self.statistics, "Constraints": self.constraints}
        return {name: {"ContentType": "application/json", "S3Uri": uri} for name, uri in sources.items() if uri is not None}


def _accepted(text: str, longest: int) -> bool:
    """Return whether the registry takes `text` as a key or value of a version's metadata."""
    fits = all(unicodedata.category(letter)[0] in "LZN" or letter in "_.:/=+-@" for letter in text)
    return fits and 1 <= len(text) <= longest
