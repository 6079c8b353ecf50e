"""mlp.deploy: a trained model behind an endpoint of this notebook's own, which expires."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mlp.in_notebook import names
from mlp.in_notebook.artifact import servable
from mlp.in_notebook.checks import check_range
from mlp.in_notebook.endpoint import Endpoint, remove
from mlp.in_notebook.instances import HOSTING, check_instance_type
from mlp.in_notebook.job import Job
from mlp.in_notebook.output import write_line
from mlp.in_notebook.platform import NotebookPlatform
from mlp.in_notebook.refusals import in_words
from mlp.in_notebook.storage import split_uri
from mlp.in_notebook.trained import Trained, trained_by
from mlp.runs.training import Run
from platform_contract.instances import has_local_nvme

VARIANT = "main"
STARTUP_SECONDS = 300
"""A container that does not answer /ping by then has failed."""
MAX_HOURS = 7 * 24


def deploy(
    platform: NotebookPlatform,
    what: Job | Run | str,
    *,
    instance_type: str,
    instance_count: int,
    hours: float | None,
    serve: str | Path,
    wait: bool,
) -> Endpoint:
    """Make an endpoint for a job or a run; what was made on the way is deleted again if that fails."""
    lifetime = platform.endpoint_hours if hours is None else hours
    with in_words(platform):
        check_instance_type(platform.client("sagemaker"), HOSTING, instance_type)
        check_range("instance_count", instance_count, 1, 100, "instances that answer together")
        check_range("hours", lifetime, 0.1, MAX_HOURS, "then the platform deletes the endpoint", whole=False)
        trained = trained_by(platform, what)
        name = names.new_name(platform, trained.stem)
        artifact = servable(platform, trained.artifact, Path(serve), name)
        endpoint = Endpoint(platform, name, names.utc(lifetime * 3600))
        with _all_or_nothing(platform, endpoint):
            _create(
                platform, endpoint, trained, artifact, {"InstanceType": instance_type, "InitialInstanceCount": instance_count}
            )
    write_line(f"{name}: {instance_count} x {instance_type}, billed until {endpoint.expires} or .delete()")
    return endpoint.wait() if wait else endpoint


def _create(platform: NotebookPlatform, endpoint: Endpoint, trained: Trained, artifact: str, machines: dict[str, Any]) -> None:
    client, name, tags = platform.client("sagemaker"), endpoint.name, names.tags(platform, endpoint.expires)
    container = {"Image": trained.image, "ModelDataUrl": artifact, "Environment": trained.environment}
    client.create_model(
        ModelName=name,
        ExecutionRoleArn=platform.job_role_arn,
        PrimaryContainer=container,
        EnableNetworkIsolation=True,
        Tags=tags,
        **platform.network,
    )
    variant = {"VariantName": VARIANT, "ModelName": name, "InitialVariantWeight": 1, **machines}
    client.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{**variant, "ContainerStartupHealthCheckTimeoutInSeconds": STARTUP_SECONDS}],
        Tags=tags,
        **({} if has_local_nvme(machines["InstanceType"]) else {"KmsKeyId": platform.key_arn}),
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)


@contextmanager
def _all_or_nothing(platform: NotebookPlatform, endpoint: Endpoint) -> Iterator[None]:
    """Delete configuration, model and repacked artifact again if the endpoint cannot be asked for."""
    try:
        yield
    except BaseException:
        client, name = platform.client("sagemaker"), endpoint.name
        bucket, key = split_uri(platform.own_uri("endpoints", name, "model.tar.gz"))
        with suppress(Exception):
            remove(lambda: client.delete_endpoint_config(EndpointConfigName=name))
        with suppress(Exception):
            remove(lambda: client.delete_model(ModelName=name))
        with suppress(Exception):
            platform.client("s3").delete_object(Bucket=bucket, Key=key)
        raise
