"""Weights and numbers of instances of a serving endpoint, changed without a deployment."""

import threading

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.endpoints.events import announce, announce_deployment
from local_aws.sagemaker.endpoints.rollout import Generation
from local_aws.sagemaker.store import Record, Store, arn, now


class Capacities:
    """UpdateEndpointWeightsAndCapacities."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {"UpdateEndpointWeightsAndCapacities": self.update}

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdateEndpointWeightsAndCapacities; the endpoint is Updating meanwhile."""
        name = parameters["EndpointName"]
        resource = arn(caller, "endpoint", name)
        self._store.authorize(caller, "UpdateEndpointWeightsAndCapacities", resource)
        record = self._store.find("endpoint", caller, name)
        changes = parameters["DesiredWeightsAndCapacities"]
        with self._store.lock:
            if record["EndpointStatus"] != "InService":
                raise invalid(f"Cannot update in-progress endpoint {resource}.")
            generation: Generation = record["traffic"].current
            _check(name, generation, changes)
            record["EndpointStatus"], record["LastModifiedTime"] = "Updating", now()
            record["stages"] = {change["VariantName"]: [_stage(change, generation)] for change in changes}
            announce(self._store, record)
            announce_deployment(self._store, record)
        threading.Thread(target=self._carry_out, args=(record, generation, changes), daemon=True).start()
        return {"EndpointArn": resource}

    def _carry_out(self, record: Record, generation: Generation, changes: list[Record]) -> None:
        """Change weights and counts; the endpoint is InService again once as many instances answer as are wanted, or cannot."""
        for change in changes:
            variant = change["VariantName"]
            if "DesiredInstanceCount" in change:
                generation.fleets[variant].scale(change["DesiredInstanceCount"])
            if "DesiredWeight" in change:
                generation.weights[variant] = change["DesiredWeight"]
        missing = [name for name in (change["VariantName"] for change in changes) if not generation.fleets[name].wait_settled()]
        with self._store.lock:
            record.pop("stages", None)
            record.pop("FailureReason", None)
            if missing:
                record["FailureReason"] = f"Not all instances of {', '.join(missing)} passed the ping health check in time."
            record["EndpointStatus"], record["LastModifiedTime"] = "InService", now()
            announce(self._store, record)


def _check(name: str, generation: Generation, wanted: list[Record]) -> None:
    """Raise unless all of `wanted` can be carried out, so that nothing is half done."""
    weights = dict(generation.weights)
    names = [change["VariantName"] for change in wanted]
    if len(set(names)) < len(names):
        raise invalid(f"Each variant can be named once in DesiredWeightsAndCapacities, got {', '.join(names)}")
    for change in wanted:
        variant = change["VariantName"]
        if variant not in generation.fleets:
            raise invalid(f"Endpoint {name} has no variant {variant}; it has {', '.join(generation.fleets)}")
        if change.get("DesiredInstanceCount", 1) < 1:
            raise invalid(f"Variant {variant}: DesiredInstanceCount must be at least 1, got {change['DesiredInstanceCount']}")
        weights[variant] = change.get("DesiredWeight", weights[variant])
    if sum(weights.values()) <= 0:
        raise invalid(f"The weights of the variants of {name} must not all be 0")


def _stage(change: Record, generation: Generation) -> Record:
    """Return what is said of a variant while its weight or its number of instances changes."""
    message = f"Changing the weight to {change.get('DesiredWeight')}."
    if "DesiredInstanceCount" in change:
        count = change["DesiredInstanceCount"]
        way = "out" if count > generation.fleets[change["VariantName"]].desired else "in"
        message = f"Scaling {way} desired instance count to {count}."
    return {"Status": "Updating", "StatusMessage": message, "StartTime": now()}
