"""Models and endpoint configurations: immutable, and a name in use is refused."""

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller, allowed, assume, pass_role
from local_aws.s3_transfer import split_uri
from local_aws.sagemaker.events import tell_state
from local_aws.sagemaker.instance_types import check_volume_key
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.model_data import ModelData, model_data
from local_aws.sagemaker.offer import refuse
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, arn_of, now

NOT_OFFERED = (
    "AsyncInferenceConfig",
    "EnableNetworkIsolation=True",
    "ExecutionRoleArn",
    "ExplainerConfig",
    "MetricsConfig.EnableEnhancedMetrics=True",
    "ProductionVariants.AcceleratorType",
    "ProductionVariants.CapacityReservationConfig",
    "ProductionVariants.CoreDumpConfig",
    "ProductionVariants.EnableSSMAccess=True",
    "ProductionVariants.InstancePools",
    "ProductionVariants.ManagedInstanceScaling",
    "ProductionVariants.ServerlessConfig",
    "ShadowProductionVariants",
    "VpcConfig",
)
"""Of endpoint configurations; ExecutionRoleArn, VpcConfig and EnableNetworkIsolation are those of inference components."""

MODEL_TOLD = (
    "ModelName",
    "ModelArn",
    "PrimaryContainer",
    "Containers",
    "ExecutionRoleArn",
    "EnableNetworkIsolation",
    "VpcConfig",
    "CreationTime",
)
"""What events say of a model."""

NOT_OFFERED_IN_CONTAINERS = (
    "AdditionalModelDataSources",
    "ImageConfig",
    "InferenceSpecificationName",
    "Mode=MultiModel",
    "MultiModelConfig",
)
Runs = tuple[str, ModelData | None, dict[str, str]]
"""Image, model data and environment."""


class Models:
    """CreateModel, CreateEndpointConfig and what belongs to them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {
            "CreateModel": self.create_model,
            "DescribeModel": self.describe_model,
            "ListModels": self.list_models,
            "DeleteModel": self.delete_model,
            "CreateEndpointConfig": self.create_config,
            "DescribeEndpointConfig": self.describe_config,
            "ListEndpointConfigs": self.list_configs,
            "DeleteEndpointConfig": self.delete_config,
        }

    def create_model(self, caller: Caller, parameters: Record) -> Record:
        """CreateModel."""
        name, role = parameters["ModelName"], parameters.get("ExecutionRoleArn")
        resource = arn(caller, "model", name)
        self._store.authorize_creation(caller, "CreateModel", resource, parameters)
        if role is None:
            raise invalid("ExecutionRoleArn is required")
        pass_role(caller, role, SAGEMAKER)
        container = _only_container(parameters)
        self._check_container(caller, container, role)
        with self._store.lock:
            if self._store.get("model", caller, name):
                raise invalid(f"Cannot create already existing model {resource}")
            record = {**parameters, "ModelArn": resource, "CreationTime": now(), "PrimaryContainer": container}
            # A model keeps what it runs, whatever becomes of the package that it was made from.
            record["runs"] = self._resolved(caller, container)
            self._store.put("model", caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
            self._tell_model(caller, record)
        return {"ModelArn": resource}

    def _check_container(self, caller: Caller, container: Record, role_arn: str) -> None:
        data = model_data(self._defined(caller, container))
        role = assume(role_arn, SAGEMAKER, "SageMaker", caller.region).caller
        if data is None:
            return
        bucket, key = split_uri(data.uri)
        if not allowed(role, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
            raise invalid(
                f"Could not access model data at {data.uri}. Please ensure that the role {role_arn} exists and that its trust "
                "relationship policy allows the action sts:AssumeRole for the service principal sagemaker.amazonaws.com. "
                "Also ensure that the role has s3:GetObject permissions and that the object is located in this region."
            )

    def _defined(self, caller: Caller, container: Record) -> Record:
        """Return the definition of a container, or that of the approved model package that it names."""
        if "ModelPackageName" not in container:
            return container
        package_name = arn_of(caller, "model-package", container["ModelPackageName"])
        self._store.authorize(caller, "DescribeModelPackage", package_name)
        package = self._store.get("model-package", caller, package_name)
        if package is None:
            raise invalid(f"Could not find model package {package_name}")
        status = package.get("ModelApprovalStatus", "Approved")
        if status != "Approved":
            raise invalid(f"Cannot create a model from {package_name}: its approval status is {status}, not Approved")
        if "InferenceSpecification" not in package:
            raise invalid(f"Cannot create a model from {package_name}: it has no InferenceSpecification")
        inner: Record = package["InferenceSpecification"]["Containers"][0]
        return inner

    def _resolved(self, caller: Caller, container: Record) -> Runs:
        """Return image, model data and environment with which a container runs."""
        package = self._store.get("model-package", caller, arn_of(caller, "model-package", container.get("ModelPackageName", "")))
        inner = package["InferenceSpecification"]["Containers"][0] if package else container
        environment = {**inner.get("Environment", {}), **container.get("Environment", {})}
        return inner["Image"], model_data(inner), environment

    @staticmethod
    def container_of(model: Record) -> Runs:
        """Return image, model data and environment with which a model's containers run."""
        runs: Runs = model["runs"]
        return runs

    def describe_model(self, caller: Caller, parameters: Record) -> Record:
        """DescribeModel."""
        self._store.authorize(caller, "DescribeModel", arn(caller, "model", parameters["ModelName"]))
        return self._store.find("model", caller, parameters["ModelName"])

    def list_models(self, caller: Caller, parameters: Record) -> Record:
        """ListModels."""
        self._store.authorize(caller, "ListModels", "*")
        return LISTINGS["ListModels"].page(self._store.all("model", caller), parameters)

    def delete_model(self, caller: Caller, parameters: Record) -> None:
        """DeleteModel; endpoints that serve it go on."""
        name = parameters["ModelName"]
        self._store.authorize(caller, "DeleteModel", arn(caller, "model", name))
        with self._store.lock:
            record = self._store.find("model", caller, name)
            self._store.remove("model", caller, name)
            self._tell_model(caller, record)

    def _tell_model(self, caller: Caller, record: Record) -> None:
        """Tell that a model was created or deleted; of one that is gone, the event has no tags."""
        detail = {key: record[key] for key in MODEL_TOLD if key in record}
        tell_state(caller, "Model", {**detail, "Tags": self._store.tags_of(record["ModelArn"])}, record["ModelArn"])

    def create_config(self, caller: Caller, parameters: Record) -> Record:
        """CreateEndpointConfig."""
        name = parameters["EndpointConfigName"]
        resource = arn(caller, "endpoint-config", name)
        self._store.authorize_creation(caller, "CreateEndpointConfig", resource, parameters)
        self._check_config(caller, parameters)
        with self._store.lock:
            if self._store.get("endpoint-config", caller, name):
                raise invalid(f"Cannot create already existing endpoint configuration {resource}")
            record = {**parameters, "EndpointConfigArn": resource, "CreationTime": now()}
            self._store.put("endpoint-config", caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
            self._tell_config(caller, record)
        return {"EndpointConfigArn": resource}

    def _check_config(self, caller: Caller, parameters: Record) -> None:
        refuse(parameters, NOT_OFFERED)
        variants = parameters["ProductionVariants"]
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) < len(names):
            raise invalid(f"Variant names must be unique, got {', '.join(names)}")
        if not any(variant.get("InitialVariantWeight", 1) for variant in variants):
            raise invalid("At least one variant must have an InitialVariantWeight above 0, else no request would be answered")
        for variant in variants:
            self._check_variant(caller, variant, parameters.get("KmsKeyId"))

    def _check_variant(self, caller: Caller, variant: Record, key: str | None) -> None:
        name = variant["VariantName"]
        if "InstanceType" not in variant or "InitialInstanceCount" not in variant:
            raise invalid(f"Variant {name}: InstanceType and InitialInstanceCount are required")
        check_volume_key("KmsKeyId", key, variant["InstanceType"])
        self._store.find("model", caller, variant.get("ModelName", ""))

    def describe_config(self, caller: Caller, parameters: Record) -> Record:
        """DescribeEndpointConfig."""
        name = parameters["EndpointConfigName"]
        self._store.authorize(caller, "DescribeEndpointConfig", arn(caller, "endpoint-config", name))
        return self._store.find("endpoint-config", caller, name)

    def list_configs(self, caller: Caller, parameters: Record) -> Record:
        """ListEndpointConfigs."""
        self._store.authorize(caller, "ListEndpointConfigs", "*")
        return LISTINGS["ListEndpointConfigs"].page(self._store.all("endpoint-config", caller), parameters)

    def delete_config(self, caller: Caller, parameters: Record) -> None:
        """DeleteEndpointConfig."""
        name = parameters["EndpointConfigName"]
        self._store.authorize(caller, "DeleteEndpointConfig", arn(caller, "endpoint-config", name))
        with self._store.lock:
            record = self._store.find("endpoint-config", caller, name)
            self._store.remove("endpoint-config", caller, name)
            self._tell_config(caller, record)

    def _tell_config(self, caller: Caller, record: Record) -> None:
        """Tell that a configuration was created or deleted; of one that is gone, the event has no tags."""
        resource = record["EndpointConfigArn"]
        tell_state(caller, "Endpoint Config", {**record, "Tags": self._store.tags_of(resource)}, resource)


def _only_container(parameters: Record) -> Record:
    """Return the one container of a model; raise for what AWS refuses, or would serve otherwise than it can be served here."""
    containers = parameters.get("Containers", [])
    if "PrimaryContainer" in parameters and containers:
        raise invalid("You cannot specify both PrimaryContainer and Containers")
    if len(containers) > 1:
        raise invalid("The embedded AWS serves one container per model, not an inference pipeline; AWS does both")
    container: Record | None = parameters.get("PrimaryContainer") or next(iter(containers), None)
    if container is None:
        raise invalid("Either PrimaryContainer or Containers must be specified")
    refuse(container, NOT_OFFERED_IN_CONTAINERS)
    if "Image" not in container and "ModelPackageName" not in container:
        raise invalid("A container must have either Image or ModelPackageName")
    return container
