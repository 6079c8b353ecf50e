"""Endpoints: created, updated blue/green, scaled, deleted."""

import threading
from collections.abc import Callable

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.endpoints.capacities import Capacities
from local_aws.sagemaker.endpoints.deployer import Deployer, clear
from local_aws.sagemaker.endpoints.events import announce, variants_of
from local_aws.sagemaker.endpoints.models import Models
from local_aws.sagemaker.endpoints.rollout import Generation, Traffic, check_guardrails
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.store import Record, Store, arn, now

SETTLED = ("InService", "Failed", "UpdateRollbackFailed", "OutOfService")

ScalableVariants = Callable[[Caller, str], set[str]]
"""Variants of an endpoint that are registered with Application Auto Scaling."""


class Endpoints:
    """CreateEndpoint and what belongs to it."""

    def __init__(self, store: Store, models: Models, endpoint_url: str) -> None:
        self._store, self._models = store, models
        self._deployer = Deployer(store, models, endpoint_url)
        self.scalable_variants: ScalableVariants = lambda _caller, _name: set()
        self.operations = {
            "CreateEndpoint": self.create,
            "UpdateEndpoint": self.update,
            **Capacities(store).operations,
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
            announce(self._store, record)
        counts = {variant["VariantName"]: variant["InitialInstanceCount"] for variant in config["ProductionVariants"]}
        self._deployer.start(record, config, counts)
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
            announce(self._store, record)
        self._deployer.start(record, config, counts, deployment)
        return {"EndpointArn": resource}

    def _authorized_config(self, caller: Caller, action: str, resource: str, parameters: Record) -> Record:
        """Check the caller's rights on endpoint and configuration, as AWS checks both."""
        config_name = parameters["EndpointConfigName"]
        self._store.authorize_creation(caller, action, resource, parameters)
        self._store.authorize(caller, action, arn(caller, "endpoint-config", config_name), parameters)
        return self._store.find("endpoint-config", caller, config_name)

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

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribeEndpoint."""
        name = parameters["EndpointName"]
        self._store.authorize(caller, "DescribeEndpoint", arn(caller, "endpoint", name))
        record = self.record(caller, name)
        generation: Generation | None = record["traffic"].current
        answer = dict(record)
        if generation is not None:
            models = {v["VariantName"]: v["ModelName"] for v in generation.config["ProductionVariants"]}
            answer["ProductionVariants"] = [
                variant | self._images(caller, models[variant["VariantName"]]) for variant in variants_of(record)
            ]
            answer["DataCaptureConfig"] = _capture_summary(generation.config)
        return answer

    def _images(self, caller: Caller, model_name: str) -> Record:
        """Return the images that a model runs; none where the model was deleted."""
        model = self._store.get("model", caller, model_name)
        if model is None:
            return {"DeployedImages": []}
        image = self._models.container_of(model)[0]
        return {"DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image}]}

    def list_endpoints(self, caller: Caller, parameters: Record) -> Record:
        """ListEndpoints."""
        self._store.authorize(caller, "ListEndpoints", "*")
        return LISTINGS["ListEndpoints"].page(self._store.all("endpoint", caller), parameters)

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
            announce(self._store, record)
        threading.Thread(target=self._delete, args=(caller, record), daemon=True).start()

    def _delete(self, caller: Caller, record: Record) -> None:
        clear(record)
        self._store.remove("endpoint", caller, record["EndpointName"])
        record["EndpointStatus"] = "Deleted"
        announce(self._store, record)

    def stop_all(self) -> None:
        """End every model server."""
        for record in list(self._store.kinds.get("endpoint", {}).values()):
            clear(record)

    def record(self, caller: Caller, name: str) -> Record:
        """Return an endpoint's record."""
        return self._store.find("endpoint", caller, name)


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
