"""AWS::SageMaker::Model, EndpointConfig, ModelPackageGroup and Pipeline."""

import uuid
from typing import Any

from local_aws.cloudformation.base import ServiceType, name_of
from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller

Attributes = dict[str, Any]


class ModelType(ServiceType):
    """A model: every change but its tags replaces it."""

    replacing = (
        "ModelName",
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "InferenceExecutionConfig",
        "PrimaryContainer",
        "VpcConfig",
    )

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreateModel."""
        chosen = properties.get("ModelName", name)
        arn = self.call("CreateModel", caller, {**properties, "ModelName": chosen})["ModelArn"]
        return arn, {"ModelArn": arn, "ModelName": chosen}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """Change the tags."""
        self.retag(caller, physical_id, old, new)
        described = self.call("DescribeModel", caller, {"ModelName": name_of(physical_id)})
        return physical_id, {"ModelArn": physical_id, "ModelName": described["ModelName"]}

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteModel."""
        self.delete_if_there("DeleteModel", caller, {"ModelName": name_of(physical_id)})


class EndpointConfigType(ServiceType):
    """An endpoint configuration: every change but its tags replaces it."""

    replacing = (
        "EndpointConfigName",
        "AsyncInferenceConfig",
        "DataCaptureConfig",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "ExplainerConfig",
        "KmsKeyId",
        "ProductionVariants",
        "ShadowProductionVariants",
        "VpcConfig",
    )

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreateEndpointConfig."""
        chosen = properties.get("EndpointConfigName", name)
        parameters = {**properties, "EndpointConfigName": chosen}
        arn = self.call("CreateEndpointConfig", caller, parameters)["EndpointConfigArn"]
        return arn, {"EndpointConfigArn": arn, "EndpointConfigName": chosen}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """Change the tags."""
        self.retag(caller, physical_id, old, new)
        described = self.call("DescribeEndpointConfig", caller, {"EndpointConfigName": name_of(physical_id)})
        return physical_id, {"EndpointConfigArn": physical_id, "EndpointConfigName": described["EndpointConfigName"]}

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteEndpointConfig."""
        self.delete_if_there("DeleteEndpointConfig", caller, {"EndpointConfigName": name_of(physical_id)})


class ModelPackageGroupType(ServiceType):
    """A model package group: name and description cannot change without replacement."""

    replacing = ("ModelPackageGroupName", "ModelPackageGroupDescription")

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreateModelPackageGroup."""
        known = {key: value for key, value in properties.items() if key != "ModelPackageGroupPolicy"}
        if known != properties:
            raise ServiceError("NotImplemented", "The embedded AWS does not offer ModelPackageGroupPolicy; AWS does")
        arn = self.call("CreateModelPackageGroup", caller, known)["ModelPackageGroupArn"]
        return arn, {"ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """Change the tags."""
        self.retag(caller, physical_id, old, new)
        return physical_id, {"ModelPackageGroupArn": physical_id, "ModelPackageGroupStatus": "Completed"}

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteModelPackageGroup; refused while the group has versions."""
        self.delete_if_there("DeleteModelPackageGroup", caller, {"ModelPackageGroupName": name_of(physical_id)})


class PipelineType(ServiceType):
    """A pipeline: all but its name is changed in place."""

    replacing = ("PipelineName",)

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreatePipeline."""
        parameters = {**_pipeline(properties), "ClientRequestToken": str(uuid.uuid4())}
        self.call("CreatePipeline", caller, parameters)
        return properties["PipelineName"], {}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """UpdatePipeline."""
        parameters = {key: value for key, value in _pipeline(new).items() if key != "Tags"}
        arn = self.call("UpdatePipeline", caller, parameters)["PipelineArn"]
        self.retag(caller, arn, old, new)
        return physical_id, {}

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeletePipeline."""
        parameters = {"PipelineName": physical_id, "ClientRequestToken": str(uuid.uuid4())}
        self.delete_if_there("DeletePipeline", caller, parameters)


def _pipeline(properties: dict[str, Any]) -> dict[str, Any]:
    definition = properties["PipelineDefinition"]
    if "PipelineDefinitionBody" not in definition:
        raise ServiceError(
            "NotImplemented",
            "The embedded AWS does not offer PipelineDefinitionS3Location; AWS does. Use PipelineDefinitionBody",
        )
    return {**properties, "PipelineDefinition": definition["PipelineDefinitionBody"]}
