"""AWS::SageMaker::Endpoint: waits for what it starts, and calls a rolled-back update a failure."""

import time
from typing import Any

from local_aws.cloudformation.base import ServiceType, name_of
from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller

POLL_SECONDS = 0.2
UPDATE_ONLY = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig")
MOVING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


class EndpointType(ServiceType):
    """An endpoint: only its name replaces it."""

    replacing = ("EndpointName",)

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """CreateEndpoint, and wait until it is InService."""
        chosen = properties.get("EndpointName", name)
        parameters = {key: value for key, value in properties.items() if key not in UPDATE_ONLY}
        arn = self.call("CreateEndpoint", caller, {**parameters, "EndpointName": chosen})["EndpointArn"]
        try:
            self._wait(caller, chosen, properties["EndpointConfigName"])
        except ServiceError:
            # CloudFormation deletes what it failed to create, so that the name is free for the next attempt.
            self.delete(caller, arn, properties)
            raise
        return arn, {"EndpointArn": arn, "EndpointName": chosen}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """UpdateEndpoint, and wait until it serves the new configuration."""
        described = self.call("DescribeEndpoint", caller, {"EndpointName": name_of(physical_id)})
        name = described["EndpointName"]
        self.retag(caller, physical_id, old, new)
        if {**old, "Tags": None} != {**new, "Tags": None}:
            parameters = {key: value for key, value in new.items() if key != "Tags"}
            self.call("UpdateEndpoint", caller, {**parameters, "EndpointName": name})
            self._wait(caller, name, new["EndpointConfigName"])
        return physical_id, {"EndpointArn": physical_id, "EndpointName": name}

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteEndpoint, and wait until it is gone."""
        parameters = {"EndpointName": name_of(physical_id)}
        self.delete_if_there("DeleteEndpoint", caller, parameters)
        while True:
            try:
                self.call("DescribeEndpoint", caller, parameters)
            except ServiceError:
                return
            time.sleep(POLL_SECONDS)

    def _wait(self, caller: Caller, name: str, config: str) -> None:
        while True:
            described = self.call("DescribeEndpoint", caller, {"EndpointName": name})
            if described["EndpointStatus"] not in MOVING:
                break
            time.sleep(POLL_SECONDS)
        # An update that failed ends InService as well, but on the old configuration.
        if described["EndpointStatus"] != "InService" or described["EndpointConfigName"] != config:
            reason = described.get("FailureReason", f"the endpoint is {described['EndpointStatus']}")
            raise ServiceError("GeneralServiceException", f"Resource handler returned message: {reason}")
