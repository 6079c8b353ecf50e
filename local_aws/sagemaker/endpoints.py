"""Endpoints: created, updated blue/green, scaled, deleted."""

import logging
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_aws import clock
from local_aws.containers.images import image_problem
from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller, assume, in_scope
from local_aws.ministack_bridge.observability import emit_event
from local_aws.s3_transfer import RoleStorage, TransferError
from local_aws.sagemaker.job_logs import JobLogs
from local_aws.sagemaker.models import Models
from local_aws.sagemaker.replica import Container, Fleet, NotHealthy, unpack
from local_aws.sagemaker.rollout import Generation, RolledBack, Traffic, check_guardrails, move
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, now, page, random_id

log = logging.getLogger(__name__)
DEFAULT_STARTUP_SECONDS = 600
SETTLED = ("InService", "Failed", "UpdateRollbackFailed", "OutOfService")

ScalableVariants = Callable[[Caller, str], set[str]]
"""Variants of an endpoint that are registered with Application Auto Scaling."""


class DeploymentFailed(Exception):
    """The new generation cannot serve; the text becomes the FailureReason."""


EXPECTED = (DeploymentFailed, TransferError, ServiceError, NotHealthy)


class Endpoints:
    """CreateEndpoint and what belongs to it."""

    def __init__(self, store: Store, models: Models, endpoint_url: str) -> None:
        self._store, self._models, self._endpoint_url = store, models, endpoint_url
        self.scalable_variants: ScalableVariants = lambda _caller, _name: set()
        self.operations = {
            "CreateEndpoint": self.create,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.update_capacities,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list_endpoints,
            "DeleteEndpoint": self.delete,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateEndpoint."""
        name = parameters["EndpointName"]
        resource = arn(caller, "endpoint", name)
        config = self._authorized_config(caller, "CreateEndpoint", resource, parameters)
        deployment = parameters.get("DeploymentConfig", {})
        check_guardrails(deployment, _instances(config))
        with self._store.lock:
            if self._store.get("endpoint", caller, name):
                raise invalid(f"Cannot create already existing endpoint {resource}")
            record: Record = {
                "EndpointName": name,
                "EndpointArn": resource,
                "EndpointConfigName": config["EndpointConfigName"],
                "EndpointStatus": "Creating",
                "CreationTime": now(),
                "LastModifiedTime": now(),
                "traffic": Traffic(),
                "caller": caller,
            }
            self._store.put("endpoint", caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
        counts = {variant["VariantName"]: variant["InitialInstanceCount"] for variant in config["ProductionVariants"]}
        self._in_background(self._create, record, config, counts)
        return {"EndpointArn": resource}

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdateEndpoint."""
        name = parameters["EndpointName"]
        resource = arn(caller, "endpoint", name)
        config = self._authorized_config(caller, "UpdateEndpoint", resource, parameters)
        record = self.record(caller, name)
        self._check_scaled_variants(caller, record, config)
        counts = self._counts(record, config, parameters)
        excluded = {item["VariantPropertyType"] for item in parameters.get("ExcludeRetainedVariantProperties", [])}
        keep_weights = bool(parameters.get("RetainAllVariantProperties")) and "DesiredWeight" not in excluded
        deployment = parameters.get("DeploymentConfig")
        if deployment is None:
            deployment = record.get("LastDeploymentConfig", {}) if parameters.get("RetainDeploymentConfig") else {}
        check_guardrails(deployment, sum(counts.values()))
        with self._store.lock:
            if record["EndpointStatus"] != "InService":
                raise invalid(f"Cannot update in-progress endpoint {resource}.")
            record["EndpointStatus"], record["keep_weights"] = "Updating", keep_weights
        self._in_background(self._update, record, config, counts, deployment)
        return {"EndpointArn": resource}

    def _authorized_config(self, caller: Caller, action: str, resource: str, parameters: Record) -> Record:
        """Check the caller's rights on endpoint and configuration, as AWS checks both."""
        config_name = parameters["EndpointConfigName"]
        self._store.authorize(caller, action, resource, parameters.get("Tags"))
        self._store.authorize(caller, action, arn(caller, "endpoint-config", config_name), parameters.get("Tags"))
        config = self._store.get("endpoint-config", caller, config_name)
        if config is None:
            raise invalid(f'Could not find endpoint configuration "{arn(caller, "endpoint-config", config_name)}".')
        return config

    def _check_scaled_variants(self, caller: Caller, record: Record, config: Record) -> None:
        scaled = self.scalable_variants(caller, record["EndpointName"])
        current = record["traffic"].current
        before = {v["VariantName"]: v for v in current.config["ProductionVariants"]} if current else {}
        after = {v["VariantName"]: v for v in config["ProductionVariants"]}
        for name in sorted(scaled & set(before)):
            if name not in after:
                raise invalid(f"Variant {name} has a registered scalable target; deregister it before you remove the variant")
            old, new = before[name].get("InstanceType"), after[name].get("InstanceType")
            if old != new:
                raise invalid(
                    f"Variant {name} has a registered scalable target; deregister it before you change the instance type "
                    f"from {old} to {new}"
                )

    def _counts(self, record: Record, config: Record, parameters: Record) -> dict[str, int]:
        """Return the instances per variant: those of the configuration, unless scaled capacity is to be kept."""
        counts = {variant["VariantName"]: variant["InitialInstanceCount"] for variant in config["ProductionVariants"]}
        excluded = {item["VariantPropertyType"] for item in parameters.get("ExcludeRetainedVariantProperties", [])}
        current: Generation | None = record["traffic"].current
        if parameters.get("RetainAllVariantProperties") and "DesiredInstanceCount" not in excluded and current:
            counts |= {name: fleet.desired for name, fleet in current.fleets.items() if name in counts}
        return counts

    def _in_background(self, work: Callable[..., None], record: Record, *arguments: Any) -> None:
        def guarded() -> None:
            try:
                work(record, *arguments)
            except Exception:
                log.exception("%s failed", record["EndpointName"])
                record["FailureReason"] = "InternalServerError: We encountered an internal error. Please try again."
                record["EndpointStatus"] = "InService" if record["traffic"].current else "Failed"
            record["LastModifiedTime"] = now()
            self._announce(record)

        threading.Thread(target=guarded, daemon=True).start()

    def _create(self, record: Record, config: Record, counts: dict[str, int]) -> None:
        try:
            record["traffic"].settle(self._generation(record, config, counts))
            record["EndpointStatus"] = "InService"
        except DeploymentFailed as failure:
            record["FailureReason"], record["EndpointStatus"] = str(failure), "Failed"

    def _update(self, record: Record, config: Record, counts: dict[str, int], deployment: Record) -> None:
        traffic: Traffic = record["traffic"]
        old, caller = traffic.current, record["caller"]
        record.pop("FailureReason", None)
        try:
            new = self._generation(record, config, counts)
        except DeploymentFailed as failure:
            record["FailureReason"] = str(failure)
            record["EndpointStatus"] = "InService" if old else "Failed"
            return
        try:
            record["incoming"] = new
            move(traffic, new, deployment, sum(counts.values()), lambda work: in_scope(caller, work))
        except RolledBack as failure:
            record["EndpointStatus"] = "RollingBack"
            new.stop()
            record["FailureReason"], record["EndpointStatus"] = str(failure), "InService"
            return
        except Exception:
            traffic.revert()
            new.stop()
            raise
        finally:
            record.pop("incoming", None)
        record["EndpointConfigName"] = config["EndpointConfigName"]
        record["LastDeploymentConfig"] = deployment
        if old is not None:
            clock.wait(deployment.get("BlueGreenUpdatePolicy", {}).get("TerminationWaitInSeconds", 0))
            old.stop()
        record["EndpointStatus"] = "InService"

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
        problem = image_problem(image)
        if problem:
            raise DeploymentFailed(problem)
        credentials = assume(model["ExecutionRoleArn"], SAGEMAKER, "SageMaker", caller.region)
        folder = Path(tempfile.mkdtemp(prefix="endpoint-"))
        storage = RoleStorage(credentials, self._endpoint_url)
        try:
            (folder / "model.tar.gz").write_bytes(storage.read(data))
            unpack(folder / "model.tar.gz", folder / "ml/model")
        except (tarfile.TarError, OSError, EOFError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise DeploymentFailed(f"Failed to extract the model artifact {data}: {error}") from None
        logs = JobLogs(
            credentials.caller,
            f"/aws/sagemaker/Endpoints/{record['EndpointName']}",
            f"{variant['VariantName']}/i-{random_id(17)}",
        )
        container = Container(
            model_dir=folder / "ml/model",
            environment={**environment, **credentials.as_environment(), "AWS_ENDPOINT_URL": self._endpoint_url},
            log=logs.write,
            close_log=logs.close,
            startup_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds", DEFAULT_STARTUP_SECONDS),
        )
        record["capture_storage"] = storage
        return Fleet(container, folder, count)

    def update_capacities(self, caller: Caller, parameters: Record) -> Record:
        """UpdateEndpointWeightsAndCapacities: what Application Auto Scaling calls."""
        name = parameters["EndpointName"]
        resource = arn(caller, "endpoint", name)
        self._store.authorize(caller, "UpdateEndpointWeightsAndCapacities", resource)
        record = self.record(caller, name)
        if record["EndpointStatus"] != "InService":
            raise invalid(f"Cannot update in-progress endpoint {resource}.")
        generation: Generation = record["traffic"].current
        _check_capacities(name, generation, parameters["DesiredWeightsAndCapacities"])
        for wanted in parameters["DesiredWeightsAndCapacities"]:
            variant = wanted["VariantName"]
            if "DesiredInstanceCount" in wanted:
                generation.fleets[variant].scale(wanted["DesiredInstanceCount"])
            if "DesiredWeight" in wanted:
                generation.weights[variant] = wanted["DesiredWeight"]
        return {"EndpointArn": resource}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribeEndpoint."""
        name = parameters["EndpointName"]
        self._store.authorize(caller, "DescribeEndpoint", arn(caller, "endpoint", name))
        record = self.record(caller, name)
        generation: Generation | None = record["traffic"].current
        answer = dict(record)
        if generation is not None:
            answer["ProductionVariants"] = [_variant(generation, variant, self, caller) for variant in generation.fleets]
            answer["DataCaptureConfig"] = _capture_summary(generation.config)
        return answer

    def image_of(self, caller: Caller, model_name: str) -> str:
        """Return the image that a model runs; empty where the model was deleted."""
        model = self._store.get("model", caller, model_name)
        return self._models.container_of(model)[0] if model else ""

    def list_endpoints(self, caller: Caller, parameters: Record) -> Record:
        """ListEndpoints."""
        self._store.authorize(caller, "ListEndpoints", "*")
        part, status = parameters.get("NameContains", ""), parameters.get("StatusEquals")
        found = [
            record
            for record in self._store.all("endpoint", caller)
            if part in record["EndpointName"] and status in (None, record["EndpointStatus"])
        ]
        return page(found, parameters, "Endpoints")

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteEndpoint; refused while it is being created or updated."""
        name = parameters["EndpointName"]
        resource = arn(caller, "endpoint", name)
        self._store.authorize(caller, "DeleteEndpoint", resource)
        record = self.record(caller, name)
        with self._store.lock:
            if record["EndpointStatus"] not in SETTLED:
                raise invalid(f"Cannot update in-progress endpoint {resource}.")
            record["EndpointStatus"] = "Deleting"
        threading.Thread(target=self._delete, args=(caller, record), daemon=True).start()

    def _delete(self, caller: Caller, record: Record) -> None:
        self._clear(record)
        self._store.remove("endpoint", caller, record["EndpointName"])
        record["EndpointStatus"] = "Deleted"
        self._announce(record)

    @staticmethod
    def _clear(record: Record) -> None:
        for generation in (record["traffic"].current, record.get("incoming")):
            if generation is not None:
                generation.stop(drain_seconds=0)
        for fleet in list(record.get("starting", {}).values()):
            fleet.stop()

    def stop_all(self) -> None:
        """End every model server."""
        for record in list(self._store.kinds.get("endpoint", {}).values()):
            self._clear(record)

    def record(self, caller: Caller, name: str) -> Record:
        """Return an endpoint's record."""
        record = self._store.get("endpoint", caller, name)
        if record is None:
            raise invalid(f'Could not find endpoint "{arn(caller, "endpoint", name)}".')
        return record

    def _announce(self, record: Record) -> None:
        status = "".join(f"_{c}" if c.isupper() else c for c in record["EndpointStatus"]).lstrip("_").upper()
        detail = {
            "EndpointName": record["EndpointName"],
            "EndpointArn": record["EndpointArn"],
            "EndpointConfigName": record["EndpointConfigName"],
            "EndpointStatus": status,
            "CreationTime": record["CreationTime"].timestamp() * 1000,
            "LastModifiedTime": record["LastModifiedTime"].timestamp() * 1000,
            "Tags": {},
        }
        if "FailureReason" in record:
            detail["FailureReason"] = record["FailureReason"]
        name = "SageMaker Endpoint State Change"
        in_scope(record["caller"], lambda: emit_event(name, detail, [record["EndpointArn"]]))


def _check_capacities(name: str, generation: Generation, wanted: list[Record]) -> None:
    """Raise unless all of `wanted` can be carried out, so that nothing is half done."""
    weights = dict(generation.weights)
    for change in wanted:
        variant = change["VariantName"]
        if variant not in generation.fleets:
            raise invalid(f"Endpoint {name} has no variant {variant}; it has {', '.join(generation.fleets)}")
        if change.get("DesiredInstanceCount", 1) < 1:
            raise invalid(f"Variant {variant}: DesiredInstanceCount must be at least 1, got {change['DesiredInstanceCount']}")
        weights[variant] = change.get("DesiredWeight", weights[variant])
    if sum(weights.values()) <= 0:
        raise invalid(f"The weights of the variants of {name} must not all be 0")


def _variant(generation: Generation, name: str, endpoints: Endpoints, caller: Caller) -> Record:
    fleet, weight = generation.fleets[name], generation.weights[name]
    model = next(v["ModelName"] for v in generation.config["ProductionVariants"] if v["VariantName"] == name)
    image = endpoints.image_of(caller, model)
    return {
        "VariantName": name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image}] if image else [],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        "CurrentInstanceCount": fleet.size,
        "DesiredInstanceCount": fleet.desired,
    }


def _capture_summary(config: Record) -> Record | None:
    capture = config.get("DataCaptureConfig")
    if not capture:
        return None
    return {
        "EnableCapture": capture.get("EnableCapture", False),
        "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _instances(config: Record) -> int:
    return sum(int(variant["InitialInstanceCount"]) for variant in config["ProductionVariants"])


def _reason(failure: Exception, record: Record, variant: str) -> str:
    if isinstance(failure, NotHealthy):
        return (
            f"The primary container for production variant {variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint: /aws/sagemaker/Endpoints/{record['EndpointName']}."
        )
    return str(failure)
