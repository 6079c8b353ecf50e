"""Application Auto Scaling for SageMaker variants: scalable targets and policies.

Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

import re
import uuid
from typing import Any

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller, authorize
from local_aws.sagemaker.endpoints.service import Endpoints
from local_aws.sagemaker.listing import paged
from local_aws.sagemaker.store import Record, Store, now

NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
RESOURCE = re.compile(r"^endpoint/(?P<endpoint>[A-Za-z0-9-]+)/variant/(?P<variant>[A-Za-z0-9-]+)$")
TARGET, POLICY = "scalable-target", "scaling-policy"


class ApplicationAutoScaling:
    """RegisterScalableTarget, PutScalingPolicy and what belongs to them."""

    def __init__(self, store: Store, endpoints: Endpoints) -> None:
        self._store, self._endpoints = store, endpoints
        endpoints.scalable_variants = self.scalable_variants
        self.operations = {
            "RegisterScalableTarget": self.register,
            "DeregisterScalableTarget": self.deregister,
            "DescribeScalableTargets": self.describe_targets,
            "PutScalingPolicy": self.put_policy,
            "DeleteScalingPolicy": self.delete_policy,
            "DescribeScalingPolicies": self.describe_policies,
        }

    def scalable_variants(self, caller: Caller, endpoint: str) -> set[str]:
        """Return the variants of `endpoint` that are registered."""
        matches = [RESOURCE.match(target["ResourceId"]) for target in self._store.all(TARGET, caller)]
        return {m["variant"] for m in matches if m and m["endpoint"].lower() == endpoint.lower()}

    def register(self, caller: Caller, parameters: Record) -> Record:
        """RegisterScalableTarget: registers, or changes what is registered."""
        self._authorize(caller, "RegisterScalableTarget")
        endpoint, variant = self._variant(caller, parameters)
        with self._store.lock:
            existing = self._target(caller, parameters["ResourceId"])
            if existing is None and not {"MinCapacity", "MaxCapacity"} <= set(parameters):
                raise _invalid("MinCapacity and MaxCapacity are required to register a scalable target")
            record = {"CreationTime": now(), "ScalableTargetARN": _target_arn(caller), **(existing or {})}
            record |= {key: value for key, value in parameters.items() if key != "Tags"}
            if not 1 <= record["MinCapacity"] <= record["MaxCapacity"]:
                raise _invalid(
                    f"MinCapacity must be from 1 to MaxCapacity for {DIMENSION}, "
                    f"got {record['MinCapacity']} and {record['MaxCapacity']}"
                )
            self._store.put(TARGET, caller, parameters["ResourceId"], record)
        fleet = endpoint["traffic"].current.fleets[variant]
        fleet.scale(min(max(fleet.desired, record["MinCapacity"]), record["MaxCapacity"]))
        return {"ScalableTargetARN": record["ScalableTargetARN"]}

    def _variant(self, caller: Caller, parameters: Record) -> tuple[Record, str]:
        if (parameters["ServiceNamespace"], parameters["ScalableDimension"]) != (NAMESPACE, DIMENSION):
            raise ServiceError(
                "NotImplemented",
                f"The embedded AWS scales {DIMENSION} only, not {parameters['ScalableDimension']}; AWS scales more",
                501,
            )
        match = RESOURCE.match(parameters["ResourceId"])
        if match is None:
            raise _invalid(f"ResourceId must be endpoint/NAME/variant/NAME, got {parameters['ResourceId']}")
        record = self._store.get("endpoint", caller, match["endpoint"])
        current = record["traffic"].current if record else None
        if record is None or current is None or match["variant"] not in current.fleets:
            raise _invalid(f"SageMaker variant not found: {parameters['ResourceId']}")
        return record, match["variant"]

    def deregister(self, caller: Caller, parameters: Record) -> None:
        """DeregisterScalableTarget, with its policies."""
        self._authorize(caller, "DeregisterScalableTarget")
        resource = parameters["ResourceId"]
        if self._target(caller, resource) is None:
            raise _missing(f"No scalable target registered for {resource}")
        self._store.remove(TARGET, caller, resource)
        for policy in self._store.all(POLICY, caller):
            if policy["ResourceId"] == resource:
                self._store.remove(POLICY, caller, _policy_key(policy))

    def describe_targets(self, caller: Caller, parameters: Record) -> Record:
        """DescribeScalableTargets."""
        authorize(caller, "application-autoscaling:DescribeScalableTargets", "*")
        wanted = parameters.get("ResourceIds")
        found = [t for t in self._asked(TARGET, caller, parameters) if not wanted or t["ResourceId"] in wanted]
        return paged(found, parameters, "ScalableTargets", lambda target: (target["ResourceId"],))

    def put_policy(self, caller: Caller, parameters: Record) -> Record:
        """PutScalingPolicy."""
        self._authorize(caller, "PutScalingPolicy")
        if self._target(caller, parameters["ResourceId"]) is None:
            raise _missing(f"No scalable target registered for {parameters['ResourceId']}")
        place = f"{caller.region}:{caller.account}"
        arn = (
            f"arn:aws:autoscaling:{place}:scalingPolicy:{uuid.uuid4()}:resource/{NAMESPACE}/{parameters['ResourceId']}"
            f":policyName/{parameters['PolicyName']}"
        )
        existing = self._store.get(POLICY, caller, _policy_key(parameters))
        record = {"CreationTime": now(), "PolicyARN": arn, "Alarms": [], **(existing or {}), **parameters}
        self._store.put(POLICY, caller, _policy_key(parameters), record)
        return {"PolicyARN": record["PolicyARN"], "Alarms": []}

    def delete_policy(self, caller: Caller, parameters: Record) -> None:
        """DeleteScalingPolicy."""
        self._authorize(caller, "DeleteScalingPolicy")
        if self._store.get(POLICY, caller, _policy_key(parameters)) is None:
            raise _missing(f"No scaling policy {parameters['PolicyName']} for {parameters['ResourceId']}")
        self._store.remove(POLICY, caller, _policy_key(parameters))

    def describe_policies(self, caller: Caller, parameters: Record) -> Record:
        """DescribeScalingPolicies."""
        authorize(caller, "application-autoscaling:DescribeScalingPolicies", "*")
        names = parameters.get("PolicyNames")
        found = [p for p in self._asked(POLICY, caller, parameters) if not names or p["PolicyName"] in names]
        return paged(found, parameters, "ScalingPolicies", lambda policy: (policy["ResourceId"], policy["PolicyName"]))

    def _asked(self, kind: str, caller: Caller, parameters: Record) -> list[Record]:
        """Return the records of a kind of the service, dimension and resource that a Describe request names."""
        members = ("ServiceNamespace", "ScalableDimension", "ResourceId")
        asked = {member: parameters[member] for member in members if member in parameters}
        return [record for record in self._store.all(kind, caller) if asked.items() <= record.items()]

    def _target(self, caller: Caller, resource: str) -> Record | None:
        return self._store.get(TARGET, caller, resource)

    @staticmethod
    def _authorize(caller: Caller, action: str) -> None:
        context = {
            "application-autoscaling:service-namespace": NAMESPACE,
            "application-autoscaling:scalable-dimension": DIMENSION,
        }
        authorize(caller, f"application-autoscaling:{action}", _target_arn(caller, "any"), context)


def _target_arn(caller: Caller, identity: str = "") -> str:
    return f"arn:aws:application-autoscaling:{caller.region}:{caller.account}:scalable-target/{identity or uuid.uuid4().hex}"


def _policy_key(policy: dict[str, Any]) -> str:
    return f"{policy['ResourceId']}/{policy['PolicyName']}"


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _missing(message: str) -> ServiceError:
    return ServiceError("ObjectNotFoundException", message)
