"""Carries out what CreateEndpoint and UpdateEndpoint begin: fleets are started, traffic moves, the old fleet goes."""

import logging
import shutil
import tarfile
import tempfile
import threading
from functools import partial
from pathlib import Path

from local_aws import clock
from local_aws.containers.images import NoImage, environment_of
from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller, assume, in_scope
from local_aws.s3_transfer import RoleStorage, TransferError
from local_aws.sagemaker.endpoints.events import announce, announce_deployment, pending_deployment
from local_aws.sagemaker.endpoints.models import Models
from local_aws.sagemaker.endpoints.replica import Fleet, NotHealthy, Serving, unpack
from local_aws.sagemaker.endpoints.rollout import Generation, RolledBack, Traffic, move
from local_aws.sagemaker.jobs.logs import JobLogs
from local_aws.sagemaker.model_data import ModelData
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, now, random_id

log = logging.getLogger(__name__)
DEFAULT_STARTUP_SECONDS = 600
LEAST_STARTUP_SECONDS = 30.0
"""Of real time, whatever the clock: a model server installs its code and loads its model no faster."""


class DeploymentFailed(Exception):
    """The new generation cannot serve; the text becomes the FailureReason."""


EXPECTED = (DeploymentFailed, TransferError, ServiceError, NotHealthy)


class Deployer:
    """Runs deployments in the background and keeps the endpoints' records up to date."""

    def __init__(self, store: Store, models: Models, endpoint_url: str) -> None:
        self._store, self._models, self._endpoint_url = store, models, endpoint_url

    def start(self, record: Record, config: Record, counts: dict[str, int], deployment: Record | None = None) -> None:
        """Bring `config` into service with `counts` instances per variant; `deployment` is an update's DeploymentConfig."""

        def guarded() -> None:
            try:
                if deployment is None:
                    self._create(record, config, counts)
                else:
                    self._update(record, config, counts, deployment)
            except DeploymentFailed as failure:
                record["FailureReason"] = str(failure)
            except Exception:
                log.exception("%s failed", record["EndpointName"])
                record["FailureReason"] = "InternalServerError: We encountered an internal error. Please try again."
            with self._store.lock:
                # The status last: whoever sees that it is over sees all of it, and its event before those of what comes next.
                record["LastModifiedTime"] = now()
                record.pop("PendingDeploymentSummary", None)
                record["EndpointStatus"] = "InService" if record["traffic"].current else "Failed"
                announce(self._store, record)

        threading.Thread(target=guarded, daemon=True).start()

    def _create(self, record: Record, config: Record, counts: dict[str, int]) -> None:
        record["traffic"].settle(self._generation(record, config, counts))

    def _update(self, record: Record, config: Record, counts: dict[str, int], deployment: Record) -> None:
        traffic: Traffic = record["traffic"]
        old, caller, started, instances = traffic.current, record["caller"], now(), sum(counts.values())
        record.pop("FailureReason", None)

        def stage(status: str, message: str, new: Generation | None = None) -> None:
            record["PendingDeploymentSummary"] = pending_deployment(config, counts, new, started, status, message)
            announce_deployment(self._store, record)

        stage("Creating", f"Launching {instances} instance(s).")
        new = self._generation(record, config, counts)
        try:
            record["incoming"] = new
            with_new = partial(stage, new=new)
            move(traffic, new, deployment, instances, partial(in_scope, caller), with_new)
        except RolledBack as failure:
            record["EndpointStatus"] = "RollingBack"
            announce(self._store, record)
            new.stop()
            raise DeploymentFailed(str(failure)) from None
        except Exception:
            traffic.revert()
            new.stop()
            raise
        finally:
            record.pop("incoming", None)
        record["EndpointConfigName"] = config["EndpointConfigName"]
        record["LastDeploymentConfig"] = deployment
        if old is not None:
            record["outgoing"] = old
            stage("Deleting", f"Terminating {sum(fleet.size for fleet in old.fleets.values())} instance(s).", new)
            old.stop()
            record.pop("outgoing", None)

    def _generation(self, record: Record, config: Record, counts: dict[str, int]) -> Generation:
        """Start all fleets of a configuration.

        Raises
        ------
        DeploymentFailed
            If one does not come up; none of them is left running.
        """
        fleets: dict[str, Fleet] = {}
        record["starting"] = fleets
        variants = {variant["VariantName"]: variant for variant in config["ProductionVariants"]}
        try:
            for name, variant in variants.items():
                fleets[name] = self._fleet(record, variant, counts[name])
                fleets[name].start()
        except Exception as failure:
            for fleet in fleets.values():
                fleet.stop()
            if isinstance(failure, EXPECTED):
                raise DeploymentFailed(_reason(failure, record, name)) from None
            raise
        finally:
            record.pop("starting", None)
        return Generation(config, fleets, self._weights(record, variants))

    @staticmethod
    def _weights(record: Record, variants: dict[str, Record]) -> dict[str, float]:
        """Return the weights of the configuration, unless the update keeps those that the endpoint has now."""
        weights = {name: float(variant.get("InitialVariantWeight", 1.0)) for name, variant in variants.items()}
        current: Generation | None = record["traffic"].current
        if current is not None and record.pop("keep_weights", False):
            weights |= {name: weight for name, weight in current.weights.items() if name in weights}
        return weights

    def _fleet(self, record: Record, variant: Record, count: int) -> Fleet:
        caller: Caller = record["caller"]
        model = self._store.get("model", caller, variant["ModelName"])
        if model is None:
            raise DeploymentFailed(f"Model {variant['ModelName']} does not exist any more")
        image, data, environment = self._models.container_of(model)
        try:
            packages = environment_of(image)
        except NoImage as problem:
            raise DeploymentFailed(str(problem)) from None
        credentials = assume(model["ExecutionRoleArn"], SAGEMAKER, "SageMaker", caller.region)
        folder = Path(tempfile.mkdtemp(prefix="endpoint-"))
        storage = RoleStorage(credentials, self._endpoint_url)
        try:
            _fetch(data, storage, folder)
        except (tarfile.TarError, OSError, EOFError, TransferError, ServiceError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise DeploymentFailed(f"Failed to load the model artifact {data and data.uri}: {error}") from None
        logs = JobLogs(
            credentials.caller,
            f"/aws/sagemaker/Endpoints/{record['EndpointName']}",
            f"{variant['VariantName']}/i-{random_id(17)}",
        )
        isolated = model.get("EnableNetworkIsolation", False)
        reaches = {**credentials.as_environment(), "AWS_ENDPOINT_URL": self._endpoint_url}
        serving = Serving(
            environment=packages,
            model_dir=folder / "model",
            # An isolated container is told its region, and gets no credentials.
            variables={**environment, **({"AWS_REGION": caller.region} if isolated else reaches)},
            isolated=isolated,
            log=logs.write,
            close_log=logs.close,
            startup_seconds=max(
                variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS) / clock.FACTOR,
                LEAST_STARTUP_SECONDS,
            ),
        )
        record["capture_storage"] = storage
        return Fleet(serving, folder, count)


def _fetch(data: ModelData | None, storage: RoleStorage, folder: Path) -> None:
    """Put a model's data into the folder `model`, which is empty where the image brings its model."""
    model = folder / "model"
    if data is None:
        model.mkdir()
    elif data.packed:
        (folder / "model.tar.gz").write_bytes(storage.read(data.uri))
        unpack(folder / "model.tar.gz", model)
    else:
        model.mkdir()
        storage.download(data.uri, model)


def clear(record: Record) -> None:
    """End every model server of an endpoint."""
    for generation in (record["traffic"].current, record.get("incoming"), record.get("outgoing")):
        if generation is not None:
            generation.stop(drain_seconds=0)
    for fleet in list(record.get("starting", {}).values()):
        fleet.stop()


def _reason(failure: Exception, record: Record, variant: str) -> str:
    if isinstance(failure, NotHealthy):
        return (
            f"The primary container for production variant {variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint: /aws/sagemaker/Endpoints/{record['EndpointName']}."
        )
    return str(failure)
