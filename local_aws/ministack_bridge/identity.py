"""Who calls, what they may, and credentials for execution roles."""

import contextvars
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from ministack.core import iam_evaluator, router
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam, sts

from local_aws.errors import AccessDenied, ServiceError, invalid

SESSION_SECONDS = 12 * 3600
T = TypeVar("T")


@dataclass(frozen=True)
class Caller:
    """Whoever makes a call: an access key, in an account and a region."""

    access_key: str
    account: str
    region: str


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials of an assumed role."""

    access_key: str
    secret_key: str
    token: str
    caller: Caller
    expires: float
    """When they end, in seconds since the epoch."""

    def as_environment(self) -> dict[str, str]:
        """Environment variables that every AWS SDK reads."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
            "AWS_REGION": self.caller.region,
            "AWS_DEFAULT_REGION": self.caller.region,
        }


def harden() -> None:
    """Verify the root key's signature too: by itself, ministack takes its word."""
    iam_evaluator._is_root_key = lambda key: not key


def caller_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> Caller:
    """Return the caller of the request that is being handled.

    Raises
    ------
    ServiceError
        If the request is not signed: without a key, ministack would take it for root's.
    """
    key = router.extract_access_key_id(dict(headers), dict(query)) or ""
    if not key:
        raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    return Caller(key, get_account_id(), get_region())


def in_scope(caller: Caller, function: Callable[[], T]) -> T:
    """Run `function` in the caller's account and region, without anything else of the current request."""

    def scoped() -> T:
        with request_scope(caller.account, caller.region):
            return function()

    return contextvars.Context().run(scoped)


@contextmanager
def scope(account: str, region: str) -> Iterator[None]:
    """Pin account and region for code that runs outside a request."""
    with request_scope(account, region):
        yield


def authorize(caller: Caller, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
    """Raise AccessDenied unless the caller's policies allow `action` on `resource`."""
    service = action.partition(":")[0]
    if not caller.access_key:
        raise AccessDenied("anonymous", action, resource)

    def decide() -> Any:
        # What a service does on a role's behalf goes over TLS on AWS, where bucket policies ask for it.
        iam_evaluator.pin_request_origin("127.0.0.1", True)
        return iam_evaluator.enforce(
            caller.access_key,
            action,
            service,
            caller.region,
            resource_arn=resource,
            service_context=dict(context or {}),
        )

    verdict = in_scope(caller, decide)
    if verdict is None:
        return
    principal = getattr(verdict, "principal_arn", "") or "unknown"
    explicit = getattr(verdict, "decision", "") == "Deny"
    raise AccessDenied(principal, action, resource, "of an explicit deny in a policy" if explicit else "")


def allowed(caller: Caller, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    """Return whether the caller's policies allow `action` on `resource`."""
    try:
        authorize(caller, action, resource, context)
    except AccessDenied:
        return False
    return True


def pass_role(caller: Caller, role_arn: str, service: str) -> None:
    """Raise AccessDenied unless the caller may pass the role to `service`."""
    authorize(caller, "iam:PassRole", role_arn, {"iam:PassedToService": service})


def assume(role_arn: str, service: str, session: str, region: str, seconds: float = SESSION_SECONDS) -> Credentials:
    """Return credentials of `role_arn`, good for `seconds`, for work that `service` does on its behalf.

    Raises
    ------
    ServiceError
        If there is no such role, or it does not trust `service`.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    if role is None or not _trusts(role, role_arn, service, account, region):
        raise invalid(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal '{service}' "
            "to assume the role."
        )
    expires = time.time() + seconds
    key, secret, token = iam._gen_session_access_key(), iam._gen_secret(), iam._gen_session_token()
    record = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "UserId": f"{role['RoleId']}:{session}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": expires,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(key, record)
    return Credentials(key, secret, token, Caller(key, account, region), expires)


def _trusts(role: dict[str, Any], role_arn: str, service: str, account: str, region: str) -> bool:
    document = role["AssumeRolePolicyDocument"]
    document = json.loads(document) if isinstance(document, str) else document
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    context = iam_evaluator.EvalContext(
        principal_arn="",
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=region,
    )
    policy = {"Statement": [{**statement, "Resource": "*"} for statement in statements]}
    verdict = iam_evaluator.evaluate_resource_policy(policy, context, service=service)
    return bool(verdict.decision == "Allow")
