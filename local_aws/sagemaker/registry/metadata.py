"""What model packages carry beside the model: metrics, customer metadata, model card.

Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html, API_UpdateModelPackage.html and
API_ModelPackageModelCard.html
"""

from collections.abc import Iterator
from typing import Any

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller, allowed
from local_aws.s3_transfer import split_uri
from local_aws.sagemaker.store import Record
from local_aws.strict_json import strict_json

MOST_METADATA = 50
"""Most entries of CustomerMetadataProperties, also after an update."""


def check_metrics(caller: Caller, parameters: Record) -> None:
    """Raise ServiceError unless `caller` may read every object that ModelMetrics names, statistics and constraints alike."""
    for uri in _metric_uris(parameters.get("ModelMetrics", {})):
        bucket, key = split_uri(uri)
        if not allowed(caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
            raise invalid(f"Cannot access the model metrics at {uri}")


def _metric_uris(metrics: Record) -> Iterator[str]:
    for group in metrics.values():
        for source in group.values():
            yield str(source["S3Uri"])


def merged_metadata(record: Record, parameters: Record) -> dict[str, str]:
    """Return a package's CustomerMetadataProperties after an update: what is added, then what is removed.

    Raises
    ------
    ServiceError
        If there would be more than 50.
    """
    added = parameters.get("CustomerMetadataProperties", {})
    merged = {**record.get("CustomerMetadataProperties", {}), **added}
    for key in parameters.get("CustomerMetadataPropertiesToRemove", []):
        merged.pop(key, None)
    if len(merged) > MOST_METADATA:
        raise invalid(
            f"CustomerMetadataProperties would have {len(merged)} entries; at most {MOST_METADATA} are allowed. "
            "Remove some with CustomerMetadataPropertiesToRemove"
        )
    return merged


def check_card(card: Record) -> None:
    """Raise ServiceError unless a model card's content, where it has one, is a JSON object."""
    if "ModelCardContent" not in card:
        return
    try:
        content = strict_json(card["ModelCardContent"])
    except ValueError as error:
        raise invalid(f"ModelCardContent is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise invalid(f"ModelCardContent must be a JSON object, not {type(content).__name__}")


def changed_card(record: Record, card: Record) -> dict[str, Any]:
    """Return a package's model card after an update; the content of an archived one cannot change."""
    check_card(card)
    before = record.get("ModelCard", {})
    content = card.get("ModelCardContent", before.get("ModelCardContent"))
    if before.get("ModelCardStatus") == "Archived" and content != before.get("ModelCardContent"):
        raise invalid("Model Card is in Archived state.")
    return {**before, **card}
