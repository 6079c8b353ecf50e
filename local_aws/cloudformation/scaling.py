"""AWS::ApplicationAutoScaling::ScalableTarget and ScalingPolicy."""

from typing import Any

from local_aws.cloudformation.base import ServiceType
from local_aws.ministack_bridge.identity import Caller

IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class ScalableTargetType(ServiceType):
    """A scalable target; its Ref is `<resource id>|<dimension>|<namespace>`."""

    replacing = IDENTITY
    taggable = False

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """RegisterScalableTarget."""
        self.call("RegisterScalableTarget", caller, properties)
        target = "|".join(properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
        return target, {"Id": target}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """RegisterScalableTarget with other bounds."""
        return self.create(caller, physical_id, new)

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeregisterScalableTarget."""
        resource, dimension, namespace = physical_id.split("|")
        identity = {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}
        self.delete_if_there("DeregisterScalableTarget", caller, identity)


class ScalingPolicyType(ServiceType):
    """A scaling policy; its Ref is its ARN."""

    replacing = ("PolicyName", "ScalingTargetId", *IDENTITY)
    taggable = False

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """PutScalingPolicy."""
        arn = self.call("PutScalingPolicy", caller, _identified(properties))["PolicyARN"]
        return arn, {"Arn": arn}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """PutScalingPolicy with other numbers."""
        return self.create(caller, physical_id, new)

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteScalingPolicy."""
        identified = _identified(properties)
        parameters = {key: identified[key] for key in ("PolicyName", *IDENTITY)}
        self.delete_if_there("DeleteScalingPolicy", caller, parameters)


def _identified(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties with the target's three identifiers, where the template names the target by its id."""
    target = properties.get("ScalingTargetId")
    if target is None:
        return properties
    resource, dimension, namespace = target.split("|")
    rest = {key: value for key, value in properties.items() if key != "ScalingTargetId"}
    return {**rest, "ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}
