"""The platform's notebook instances: which there are, and what can be done to them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import Failed, MlpError
from mlp.platform.waiting import on_change, polled
from platform_contract.tags import KEEP_ALIVE_TAG

POLL_SECONDS = 0.3
POLL_SECONDS_AWS = 5
SETTLE_SECONDS = 3600
"""A start takes minutes; one hour is more than SageMaker itself waits for a lifecycle script."""
NAME_OUTPUT, HASH_OUTPUT = "InstanceName", "Lifecycle"


@dataclass(frozen=True)
class Notebook:
    """A notebook of the configuration."""

    name: str
    instance: str
    """Name of the instance on AWS."""
    lifecycle: str
    """Hash of the lifecycle script that is deployed; empty where the stack does not say."""


def notebooks(environment: PlatformEnvironment) -> list[Notebook]:
    """Return all notebooks that are deployed, by name.

    Raises
    ------
    MlpError
        If there are none.
    """
    try:
        outputs = environment.outputs("Notebooks")
    except MlpError:
        outputs = {}
    found = [
        Notebook(_name(environment, key, instance), instance, _lifecycle(outputs, key.removesuffix(NAME_OUTPUT)))
        for key, instance in outputs.items()
        if key.endswith(NAME_OUTPUT)
    ]
    if not found:
        raise MlpError(
            f"No notebook is deployed in {environment.name}. Name some under `notebooks:` in config/{environment.name}.yaml, "
            f"then: make deploy ENV={environment.name}"
        )
    return sorted(found, key=lambda notebook: notebook.name)


def _lifecycle(outputs: dict[str, str], stem: str) -> str:
    return next((value for key, value in outputs.items() if key.startswith(stem + HASH_OUTPUT)), "")


def _name(environment: PlatformEnvironment, key: str, instance: str) -> str:
    """Return the notebook's name in the configuration: instances are called `<prefix>-nb-<name>-<4 hex>`."""
    match = re.fullmatch(rf"{re.escape(environment.names.notebook_instances)}(.+)-[0-9a-f]{{4}}", instance)
    return match[1] if match else re.sub(r"(?<=.)(?=[A-Z])", "-", key.removesuffix(NAME_OUTPUT)).lower()


def pick(environment: PlatformEnvironment, name: str) -> Notebook:
    """Return the notebook called `name`, by its name in the configuration or on AWS.

    Raises
    ------
    MlpError
        If there is none.
    """
    found = notebooks(environment)
    for notebook in found:
        if name in (notebook.name, notebook.instance):
            return notebook
    known = ", ".join(notebook.name for notebook in found)
    raise MlpError(f"There is no notebook {name!r} in environment {environment.name}; notebooks there: {known}")


def describe(environment: PlatformEnvironment, notebook: Notebook) -> dict[str, Any]:
    """Return what SageMaker says of a notebook's instance."""
    found: dict[str, Any] = environment.client("sagemaker").describe_notebook_instance(NotebookInstanceName=notebook.instance)
    return found


def start(environment: PlatformEnvironment, notebook: Notebook, report: Callable[[str], None]) -> None:
    """Start a notebook and wait until it can be opened; one that runs is left alone.

    Raises
    ------
    Failed
        If it does not come up, with the reason.
    """
    status = _settled(environment, notebook, report)["NotebookInstanceStatus"]
    if status != "InService":
        environment.client("sagemaker").start_notebook_instance(NotebookInstanceName=notebook.instance)
        _require(environment, notebook, "InService", report)


def stop(environment: PlatformEnvironment, notebook: Notebook, report: Callable[[str], None]) -> None:
    """Stop a notebook and wait for it; what lies in its SageMaker folder is kept.

    Raises
    ------
    Failed
        If it does not stop, with the reason.
    """
    status = _settled(environment, notebook, report)["NotebookInstanceStatus"]
    if status == "InService":
        environment.client("sagemaker").stop_notebook_instance(NotebookInstanceName=notebook.instance)
        _require(environment, notebook, "Stopped", report)


def _settled(environment: PlatformEnvironment, notebook: Notebook, report: Callable[[str], None]) -> dict[str, Any]:
    """Wait until nothing is under way; `report` hears of every change of state."""
    pause, changed = POLL_SECONDS if environment.embedded else POLL_SECONDS_AWS, on_change(report)
    for described in polled(lambda: describe(environment, notebook), every=pause, within=SETTLE_SECONDS):
        status = described["NotebookInstanceStatus"]
        changed(status)
        if status in ("InService", "Stopped", "Failed"):
            return described
        if status == "Deleting":
            raise MlpError(f"{notebook.instance} is being deleted; deploy it again with: make deploy ENV={environment.name}")
    raise Failed(
        f"{notebook.name} is still {status} after {SETTLE_SECONDS / 60:g} minutes; ask with: mlp notebook status {notebook.name}"
    )


def _require(environment: PlatformEnvironment, notebook: Notebook, wanted: str, report: Callable[[str], None]) -> None:
    found = _settled(environment, notebook, report)
    if found["NotebookInstanceStatus"] != wanted:
        reason = found.get("FailureReason") or f"it is {found['NotebookInstanceStatus']}"
        raise Failed(
            f"{notebook.name} is not {wanted}: {reason} (its lifecycle script writes to the log group "
            f"/aws/sagemaker/NotebookInstances, stream {notebook.instance}/LifecycleConfigOnStart)"
        )


def url(environment: PlatformEnvironment, notebook: Notebook) -> str:
    """Return a URL that opens the notebook for whoever has it, for five minutes; then the session holds for 12 hours.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html

    Raises
    ------
    MlpError
        If the notebook does not run.
    """
    status = describe(environment, notebook)["NotebookInstanceStatus"]
    if status != "InService":
        raise MlpError(f"{notebook.name} is {status}, not InService. Start it with: mlp notebook start {notebook.name}")
    answer = environment.client("sagemaker").create_presigned_notebook_instance_url(NotebookInstanceName=notebook.instance)
    return str(answer["AuthorizedUrl"])


def keep(environment: PlatformEnvironment, notebook: Notebook, hours: float) -> str:
    """Keep a notebook alive for `hours` from now; return the UTC time until which its tag says so.

    Raises
    ------
    MlpError
        If the watchdog would not honour so many hours.
    """
    longest = environment.settings.watchdog.max_keep_alive_hours
    if not 0 < hours <= longest:
        raise MlpError(f"--hours: got {hours:g}; the watchdog of {environment.name} honours more than 0 and at most {longest}")
    until = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    arn = describe(environment, notebook)["NotebookInstanceArn"]
    environment.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": KEEP_ALIVE_TAG, "Value": until}])
    return until
