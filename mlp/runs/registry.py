"""Versions of a model: what was judged, what is approved, what serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlp.platform.errors import Failed, MlpError
from mlp.platform.waiting import on_change, polled
from platform_contract.parameters import MODEL_PACKAGE_ARN, NO_VERSION

if TYPE_CHECKING:
    from mlp.platform.environment import PlatformEnvironment

POLL_SECONDS = 0.5
POLL_SECONDS_AWS = 10


@dataclass(frozen=True)
class Version:
    """A model package."""

    number: int
    arn: str
    approval: str
    created: datetime


def versions(environment: PlatformEnvironment, model: str) -> list[Version]:
    """Return all versions, the newest first."""
    environment.require_model(model)
    group = environment.outputs("Training", model)["ModelPackageGroupName"]
    pages = environment.client("sagemaker").get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    found = [
        Version(
            int(package["ModelPackageArn"].rpartition("/")[2]),
            package["ModelPackageArn"],
            package["ModelApprovalStatus"],
            package["CreationTime"],
        )
        for page in pages
        for package in page["ModelPackageSummaryList"]
    ]
    return sorted(found, key=lambda version: version.number, reverse=True)


def pick(environment: PlatformEnvironment, model: str, number: int | None) -> Version:
    """Return version `number`, or the newest one that was not rejected.

    Raises
    ------
    MlpError
        If there is no such version.
    """
    found = versions(environment, model)
    if not found:
        raise MlpError(f"{model} has no version yet. Train one with: mlp train {model}")
    if number is None:
        return next((version for version in found if version.approval != "Rejected"), found[0])
    for version in found:
        if version.number == number:
            return version
    raise MlpError(f"{model} has no version {number}; it has {', '.join(str(v.number) for v in reversed(found))}")


def set_approval(environment: PlatformEnvironment, version: Version, approval: str, reason: str) -> None:
    """Approve or reject a version."""
    environment.client("sagemaker").update_model_package(
        ModelPackageArn=version.arn, ModelApprovalStatus=approval, ApprovalDescription=reason
    )


def served(environment: PlatformEnvironment, model: str) -> int | None:
    """Return the number of the version that the serving stack names; None where nothing is served."""
    if model not in environment.settings.served_models:
        return None
    arn = _parameter(environment.stack("Serving", model))
    return None if arn == NO_VERSION else int(arn.rpartition("/")[2])


def release(
    environment: PlatformEnvironment,
    model: str,
    version: Version,
    reason: str,
    minutes: float,
    report: Callable[[str], None] = lambda _: None,
) -> None:
    """Approve `version` and, where the model is served, wait until it serves.

    Raises
    ------
    MlpError
        If a newer version is approved: promotion serves the newest.
    """
    serves = model in environment.settings.served_models
    newer = [v.number for v in versions(environment, model) if v.approval == "Approved" and v.number > version.number]
    if serves and newer:
        numbers = ", ".join(map(str, newer))
        raise MlpError(
            f"The newest approved version is the one that serves, and {numbers} of {model} is newer than {version.number}. "
            f"Reject it first: mlp reject {model} {newer[0]}"
        )
    before = last_change(environment, model) if serves else None
    set_approval(environment, version, "Approved", reason)
    if serves:
        wait_until_served(environment, model, version, before, minutes, report)


def last_change(environment: PlatformEnvironment, model: str) -> Any:
    """Return when the serving stack was last updated; None if it never was."""
    return environment.stack("Serving", model).get("LastUpdatedTime")


def wait_until_served(
    environment: PlatformEnvironment,
    model: str,
    version: Version,
    before_approval: Any,
    minutes: float,
    report: Callable[[str], None],
) -> None:
    """Wait until `version` serves; `report` hears of every change of state.

    `before_approval` is what `last_change` returned before the version was approved.

    Raises
    ------
    Failed
        If the release was rolled back, or is not over after `minutes`.
    """
    pause, changed = POLL_SECONDS if environment.embedded else POLL_SECONDS_AWS, on_change(report)
    for stack in polled(lambda: environment.stack("Serving", model), every=pause, within=minutes * 60):
        status, arn = stack["StackStatus"], _parameter(stack)
        began = stack.get("LastUpdatedTime") != before_approval
        changed(status)
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE") and arn == version.arn:
            return
        if began and status in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"):
            raise Failed(f"The release of version {version.number} was rolled back: {_first_failure(environment, model)}")
    raise Failed(f"Version {version.number} does not serve after {minutes:g} minutes; ask with: mlp status")


def _parameter(stack: dict[str, Any]) -> str:
    values: dict[str, str] = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters", [])}
    return values.get(MODEL_PACKAGE_ARN, NO_VERSION)


def _first_failure(environment: PlatformEnvironment, model: str) -> str:
    name = environment.stack_name("Serving", model)
    events = environment.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    for event in events:
        if event["ResourceStatus"] in ("CREATE_FAILED", "UPDATE_FAILED") and event.get("ResourceStatusReason"):
            reason: str = event["ResourceStatusReason"]
            return reason
    return "its stack's events say why"
