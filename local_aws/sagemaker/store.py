"""All that SageMaker remembers, and the rights that its operations ask for."""

import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local_aws.ministack_bridge.identity import Caller, authorize
from local_aws.sagemaker.absent import absent
from local_aws.sagemaker.conditions import conditions

Record = dict[str, Any]
SAGEMAKER = "sagemaker.amazonaws.com"


@dataclass
class Store:
    """Records by kind and by (account, region, name), and tags by ARN; `lock` guards them all."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    kinds: dict[str, dict[tuple[str, str, str], Record]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, kind: str, caller: Caller, name: str) -> Record | None:
        """Return a record; names are compared without case, as SageMaker does."""
        with self.lock:
            return self.kinds.get(kind, {}).get((caller.account, caller.region, name.lower()))

    def find(self, kind: str, caller: Caller, name: str) -> Record:
        """Return a record, by name or by the ARN under which it is kept.

        Raises
        ------
        ServiceError
            As SageMaker answers where there is none.
        """
        record = self.get(kind, caller, name)
        if record is None:
            raise absent(kind, arn_of(caller, kind, name), name)
        return record

    def put(self, kind: str, caller: Caller, name: str, record: Record) -> None:
        """Keep a record."""
        with self.lock:
            self.kinds.setdefault(kind, {})[caller.account, caller.region, name.lower()] = record

    def remove(self, kind: str, caller: Caller, name: str) -> None:
        """Forget a record and its tags."""
        with self.lock:
            self.kinds.get(kind, {}).pop((caller.account, caller.region, name.lower()), None)
            self.tags.pop(arn_of(caller, kind, name), None)

    def all(self, kind: str, caller: Caller) -> list[Record]:
        """Return the caller's records of a kind, the newest first."""
        place = (caller.account, caller.region)
        with self.lock:
            found = [record for key, record in self.kinds.get(kind, {}).items() if key[:2] == place]
        return sorted(found, key=lambda record: record["CreationTime"], reverse=True)

    def set_tags(self, resource: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Add to a resource's tags."""
        with self.lock:
            self.tags.setdefault(resource, {}).update({tag["Key"]: tag["Value"] for tag in tags})

    def tags_of(self, resource: str) -> dict[str, str]:
        """Return a copy of a resource's tags."""
        with self.lock:
            return dict(self.tags.get(resource, {}))

    def authorize(self, caller: Caller, action: str, resource: str, request: Mapping[str, Any] | None = None) -> None:
        """Raise AccessDenied unless `caller` may do `action` (without its prefix) on `resource`.

        `request` is what a call that creates or changes brings: its tags and what else IAM's conditions can ask about it.
        """
        resource = lowered(resource)
        context = self._context(caller, action, resource, request or {})
        authorize(caller, f"sagemaker:{action}", resource, context)

    def authorize_creation(self, caller: Caller, action: str, resource: str, request: Mapping[str, Any]) -> None:
        """Raise AccessDenied unless `caller` may create `resource`; creating with tags asks for AddTags as well, as on AWS."""
        self.authorize(caller, action, resource, request)
        if request.get("Tags"):
            resource = lowered(resource)
            context = self._context(caller, action, resource, request) | {"sagemaker:TaggingAction": action}
            authorize(caller, "sagemaker:AddTags", resource, context)

    def _context(self, caller: Caller, action: str, resource: str, request: Mapping[str, Any]) -> dict[str, Any]:
        given = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
        context = conditions(action, request, lambda kind, name: arn(caller, kind, name))
        context |= {f"aws:RequestTag/{key}": value for key, value in given.items()}
        for key, value in self.tags.get(resource, {}).items():
            context |= {f"aws:ResourceTag/{key}": value, f"sagemaker:ResourceTag/{key}": value}
        keys = list(given) or list(request.get("TagKeys") or ())
        return context | ({"aws:TagKeys": keys} if keys else {})


def arn(caller: Caller, kind: str, name: str) -> str:
    """ARN of a SageMaker resource; SageMaker lower-cases names in it."""
    return f"arn:aws:sagemaker:{caller.region}:{caller.account}:{kind}/{name.lower()}"


def arn_of(caller: Caller, kind: str, name_or_arn: str) -> str:
    """Return the ARN of what a call names by name or by ARN."""
    return name_or_arn if name_or_arn.startswith("arn:") else arn(caller, kind, name_or_arn)


def lowered(resource: str) -> str:
    """Return an ARN as SageMaker keeps it, with a lower-case name, so that no spelling escapes a policy."""
    return resource.lower() if resource.startswith("arn:") else resource


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def random_id(length: int = 12) -> str:
    """Return a name part of small letters and digits that starts with a letter."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    return secrets.choice(alphabet[:26]) + "".join(secrets.choice(alphabet) for _ in range(length - 1))
