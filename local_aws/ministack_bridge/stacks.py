"""CloudFormation: resource types of ours, authorized under the stack's service role."""

import contextvars
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

from ministack.core import iam_actions
from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners, stacks
from ministack.services.cloudformation.helpers import _error

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller, assume, caller_of, pass_role

CLOUDFORMATION = "cloudformation.amazonaws.com"
CHANGES = ("CreateStack", "UpdateStack", "CreateChangeSet", "ExecuteChangeSet", "DeleteStack")
REFUSED_WHILE_BUSY = ("ExecuteChangeSet", "DeleteStack")
"""ministack starts these although the stack is being changed; AWS refuses them."""


class ResourceType(Protocol):
    """How CloudFormation creates, updates and deletes one type; Ref is the physical id."""

    replacing: tuple[str, ...]
    """Properties whose change replaces the resource."""
    taggable: bool

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Create it (`name` is what CloudFormation would call it) and return physical id and attributes."""
        ...

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Change it in place."""
        ...

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """Delete it; that it is gone already is no error."""
        ...


@dataclass(frozen=True)
class _Operation:
    """Who stands behind the stack operation that runs."""

    caller: Caller
    role_arn: str | None


_operation: contextvars.ContextVar[_Operation | None] = contextvars.ContextVar("stack_operation", default=None)
_roles: dict[tuple[str, str, str], str] = {}
"""Service role last used, by account, region and stack: AWS keeps it for later operations."""
_lock = threading.Lock()
_our_types: set[str] = set()


def add_type(name: str, resource: ResourceType) -> None:
    """Offer `resource` as CloudFormation type `name`."""

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        given = provisioners._physical_name(stack, logical_id, max_len=63)
        return resource.create(_acting(), given, properties)

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
        return resource.update(_acting(), physical_id, old, new)

    def delete(physical_id: str, properties: dict[str, Any]) -> None:
        resource.delete(_acting(), physical_id, properties)

    _our_types.add(name)
    provisioners._RESOURCE_HANDLERS[name] = {"create": create, "update": update, "delete": delete}
    provisioners._REPLACING_PROPERTIES[name] = resource.replacing
    if resource.taggable:
        provisioners._STACK_TAG_PROPERTY[name] = ("Tags", "list")


def install() -> None:
    """Run our types off the event loop, know service roles, and refuse what a busy stack refuses on AWS."""
    on_worker_thread = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda name: name in _our_types or on_worker_thread(name)
    iam_actions.request_tag_context = _with_role_arn(iam_actions.request_tag_context)
    cloudformation.handle_request = _with_operation(cloudformation.handle_request)


def _acting() -> Caller:
    """Return under whose rights the running operation changes resources: the service role's, else the caller's."""
    operation = _operation.get()
    if operation is None:
        raise ServiceError("InternalFailure", "a resource was changed outside a stack operation", 500)
    if operation.role_arn is None:
        return operation.caller
    return assume(operation.role_arn, CLOUDFORMATION, "AWSCloudFormation", operation.caller.region).caller


def _with_role_arn(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(service: str, action: str, body: Any, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
        found = original(service, action, body, parameters)
        role = (parameters or {}).get("RoleARN")
        if service == "cloudformation" and role:
            found["cloudformation:RoleArn"] = role[0] if isinstance(role, list) else role
        return found

    return context


def _with_operation(original: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Any:
        form = {**query, **parse_qs(body.decode("utf-8", "replace"))}
        action = form.get("Action", [""])[0]
        if action not in CHANGES:
            return await original(method, path, headers, body, query)
        stack = _stack_name(form)
        try:
            caller = caller_of(headers, query)
            role = _service_role(caller, action, stack, form)
        except ServiceError as error:
            return _error("AccessDenied" if "Denied" in error.code else error.code, error.message, 403)
        if action in REFUSED_WHILE_BUSY and _is_busy(stack):
            status = cloudformation._stacks[stack]["StackStatus"]
            return _error("ValidationError", f"Stack:{stack} is in {status} state and can not be updated.", 400)
        token = _operation.set(_Operation(caller, role))
        try:
            answer = await original(method, path, headers, body, query)
        finally:
            _operation.reset(token)
        if answer[0] == 200:
            _remember((caller.account, caller.region, stack), action, role)
        return answer

    return handle


def _service_role(caller: Caller, action: str, stack: str, form: Mapping[str, list[str]]) -> str | None:
    """Return the role of the operation: the one given (if the caller may pass it), else the stack's last."""
    given = form.get("RoleARN", [None])[0]
    if given is not None:
        pass_role(caller, given, CLOUDFORMATION)
        return given
    if action == "CreateStack" or form.get("ChangeSetType") == ["CREATE"]:
        return None
    return _roles.get((caller.account, caller.region, stack))


def _remember(place: tuple[str, str, str], action: str, role: str | None) -> None:
    """Keep the role for the stack's later operations; a deleted stack leaves nothing to the next one of its name."""
    with _lock:
        if action == "DeleteStack" or role is None:
            _roles.pop(place, None)
        else:
            _roles[place] = role


def _stack_name(form: Mapping[str, list[str]]) -> str:
    """Return the stack that a request is about; a change set may be named by its ARN alone."""
    named = form.get("StackName", [""])[0]
    if named:
        return named.split("/")[1] if named.startswith("arn:") else named
    change_set = cloudformation._change_sets.get(form.get("ChangeSetName", [""])[0], {})
    return str(change_set.get("StackName", ""))


def _is_busy(stack: str) -> bool:
    record = cloudformation._stacks.get(stack)
    status = record["StackStatus"] if record else ""
    return bool(status.endswith("_IN_PROGRESS")) and status != "REVIEW_IN_PROGRESS"
