"""Events that an endpoint's life and its deployments cause.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from datetime import datetime
from typing import Any

from local_aws.sagemaker.endpoints.rollout import Generation
from local_aws.sagemaker.events import tell_state
from local_aws.sagemaker.store import Record, Store, now


def announce(store: Store, record: Record) -> None:
    """Tell that an endpoint's status has changed."""
    tell_state(record["caller"], "Endpoint", _detail(store, record), record["EndpointArn"])


def announce_deployment(store: Store, record: Record) -> None:
    """Tell that a deployment, or a change of capacity, has come to its next stage."""
    detail = _detail(store, record)
    if "PendingDeploymentSummary" in record:
        detail["PendingDeploymentSummary"] = record["PendingDeploymentSummary"]
    tell_state(record["caller"], "Endpoint Deployment", detail, record["EndpointArn"])


def pending_deployment(
    config: Record, counts: dict[str, int], new: Generation | None, started: datetime, status: str, message: str
) -> Record:
    """Return what DescribeEndpoint and the events say of a deployment under way: its configuration, and each variant's stage."""
    stage = [{"Status": status, "StatusMessage": message, "StartTime": now()}]
    weights = {
        variant["VariantName"]: float(variant.get("InitialVariantWeight", 1.0)) for variant in config["ProductionVariants"]
    }
    variants = [
        {
            "VariantName": name,
            "CurrentWeight": weights[name] if new else 0.0,
            "DesiredWeight": weights[name],
            "CurrentInstanceCount": new.fleets[name].size if new else 0,
            "DesiredInstanceCount": count,
            "VariantStatus": stage,
        }
        for name, count in counts.items()
    ]
    return {"EndpointConfigName": config["EndpointConfigName"], "StartTime": started, "ProductionVariants": variants}


def variants_of(record: Record) -> list[Record]:
    """Return names, weights, counts and stage of the variants that serve."""
    generation: Generation | None = record["traffic"].current
    if generation is None:
        return []
    return [
        {
            "VariantName": name,
            "CurrentWeight": generation.weights[name],
            "DesiredWeight": generation.weights[name],
            "CurrentInstanceCount": fleet.size,
            "DesiredInstanceCount": fleet.desired,
            **({"VariantStatus": record["stages"][name]} if name in record.get("stages", {}) else {}),
        }
        for name, fleet in generation.fleets.items()
    ]


def _detail(store: Store, record: Record) -> dict[str, Any]:
    status = "".join(f"_{c}" if c.isupper() else c for c in record["EndpointStatus"]).lstrip("_").upper()
    detail = {
        "EndpointName": record["EndpointName"],
        "EndpointArn": record["EndpointArn"],
        "EndpointConfigName": record["EndpointConfigName"],
        "ProductionVariants": variants_of(record),
        "EndpointStatus": status,
        "CreationTime": record["CreationTime"],
        "LastModifiedTime": record["LastModifiedTime"],
        "Tags": store.tags_of(record["EndpointArn"]),
    }
    if "FailureReason" in record:
        detail["FailureReason"] = record["FailureReason"]
    return detail
