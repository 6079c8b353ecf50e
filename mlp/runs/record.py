"""What the registry keeps of how a version came about: its data, its gate's verdict, the hash of what it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlp.platform.environment import PlatformEnvironment
    from mlp.runs.registry import Version

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One check of the gate."""

    holds: bool
    says: str


@dataclass(frozen=True)
class Record:
    """The making of a version."""

    metrics: dict[str, float]
    """What its evaluation said."""
    checks: list[Check]
    """Its gate, check by check; none for a version that was registered by hand."""
    dataset: str
    """Such as `spam@3`; `unversioned` for a run on another prefix."""
    input_data: str
    """s3:// prefix that it was trained on."""
    deployed_version: str
    """Version that it was compared with on the same test set; `none` where nothing served."""
    model_sha256: str
    """Hash over the contents of its artifact; the same data and code give the same."""


def record_of(environment: PlatformEnvironment, version: Version) -> Record:
    """Return the record of `version`."""
    package = environment.client("sagemaker").describe_model_package(ModelPackageName=version.arn)
    quality = package.get("ModelMetrics", {}).get("ModelQuality", {})
    verdict = _read(environment, quality.get("Constraints"))
    facts: dict[str, str] = package.get("CustomerMetadataProperties", {})
    return Record(
        metrics=_read(environment, quality.get("Statistics")).get("metrics", {}),
        checks=[Check(bool(check["holds"]), str(check["says"])) for check in verdict.get("checks", [])],
        dataset=facts.get("dataset", UNKNOWN),
        input_data=facts.get("input-data", UNKNOWN),
        deployed_version=facts.get("deployed-version", UNKNOWN),
        model_sha256=facts.get("model-sha256", UNKNOWN),
    )


def _read(environment: PlatformEnvironment, source: dict[str, str] | None) -> dict[str, Any]:
    if source is None:
        return {}
    bucket, _, key = source["S3Uri"].removeprefix("s3://").partition("/")
    found: dict[str, Any] = json.loads(environment.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found
