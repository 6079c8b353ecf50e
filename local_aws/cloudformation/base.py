"""What the types share: properties become a request of the service, with the types that its model asks for."""

from typing import Any

from botocore.model import Shape

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.service import JsonService

GONE = ("could not find", "cannot find", "does not exist", "not found", "recordnotfound", "no scal")
"""How the services say that something is not there."""


class ServiceType:
    """A type whose resources one service manages."""

    replacing: tuple[str, ...] = ()
    taggable = True

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def call(self, operation: str, caller: Caller, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call the service; template values (which may all be strings) are converted as CloudFormation converts them."""
        shape = self._service.model.operation_model(operation).input_shape
        return self._service.call(operation, caller, converted(shape, parameters) if shape else {})

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create the resource."""
        raise NotImplementedError

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Change the resource in place."""
        raise NotImplementedError

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def delete_if_there(self, operation: str, caller: Caller, parameters: dict[str, Any]) -> None:
        """Call a Delete operation; that the resource is gone already is no error."""
        try:
            self.call(operation, caller, parameters)
        except ServiceError as error:
            if not any(text in error.message.lower() for text in GONE):
                raise

    def retag(self, caller: Caller, resource: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Bring a resource's tags from the old template's to the new one's."""
        before = {tag["Key"]: tag["Value"] for tag in old.get("Tags") or []}
        after = {tag["Key"]: tag["Value"] for tag in new.get("Tags") or []}
        gone = sorted(set(before) - set(after))
        changed = [{"Key": key, "Value": value} for key, value in after.items() if before.get(key) != value]
        if gone:
            self.call("DeleteTags", caller, {"ResourceArn": resource, "TagKeys": gone})
        if changed:
            self.call("AddTags", caller, {"ResourceArn": resource, "Tags": changed})


def converted(shape: Shape, value: Any) -> Any:
    """Return `value` with strings turned into the numbers and booleans that `shape` asks for.

    Unknown members stay: the service's own validation names them.
    """
    if shape.type_name == "structure" and isinstance(value, dict):
        return {key: converted(shape.members[key], inner) if key in shape.members else inner for key, inner in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [converted(shape.member, inner) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: converted(shape.value, inner) for key, inner in value.items()}
    return _scalar(shape.type_name, value)


def _scalar(kind: str, value: Any) -> Any:
    if kind == "boolean" and isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "long") and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind in ("float", "double") and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def name_of(resource_arn: str) -> str:
    """Return the name at the end of an ARN."""
    return resource_arn.rpartition("/")[2]
