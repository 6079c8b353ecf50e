"""Where every model stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mlp.platform.errors import MlpError
from mlp.runs import registry

if TYPE_CHECKING:
    from mlp.platform.environment import PlatformEnvironment


@dataclass(frozen=True)
class ModelStatus:
    """One model of an environment."""

    model: str
    last_run: str
    newest: str
    serves: str
    endpoint: str
    instances: str


def model_statuses(environment: PlatformEnvironment) -> list[ModelStatus]:
    """Return the state of all models."""
    return [_status(environment, model) for model in environment.settings.models]


def _status(environment: PlatformEnvironment, model: str) -> ModelStatus:
    try:
        found = registry.versions(environment, model)
        version = registry.served(environment, model)
    except MlpError:
        return ModelStatus(model, "-", "-", "-", "not deployed", "-")
    endpoint, instances = _endpoint(environment, model)
    return ModelStatus(
        model,
        _last_run(environment, model),
        f"{found[0].number} ({found[0].approval})" if found else "none",
        str(version) if version else "none",
        endpoint,
        instances,
    )


def _last_run(environment: PlatformEnvironment, model: str) -> str:
    name = environment.outputs("Training", model)["PipelineName"]
    answer = environment.client("sagemaker").list_pipeline_executions(PipelineName=name, MaxResults=1)
    runs = answer["PipelineExecutionSummaries"]
    return f"{runs[0]['PipelineExecutionStatus']}, {runs[0]['StartTime']:%Y-%m-%d %H:%M}" if runs else "never"


def _endpoint(environment: PlatformEnvironment, model: str) -> tuple[str, str]:
    """Return status and instances, the failure of the last update included."""
    if model not in environment.settings.served_models:
        return "not configured", "-"
    try:
        described = environment.client("sagemaker").describe_endpoint(EndpointName=environment.model_name(model))
    except ClientError as error:
        if "Could not find" in str(error):
            return "none yet", "-"
        raise
    status = described["EndpointStatus"]
    if described.get("FailureReason"):
        status = f"{status}, but the last update failed: {described['FailureReason']}"
    counts = [variant["CurrentInstanceCount"] for variant in described.get("ProductionVariants", [])]
    return status, str(sum(counts))
