"""AddTags, DeleteTags, ListTags."""

from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.store import Record, Store


class Tags:
    """Tags of any SageMaker resource."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {"AddTags": self.add, "DeleteTags": self.delete, "ListTags": self.list_tags}

    def add(self, caller: Caller, parameters: Record) -> Record:
        """AddTags."""
        resource = parameters["ResourceArn"]
        self._store.authorize(caller, "AddTags", resource, parameters["Tags"])
        self._store.set_tags(resource, parameters["Tags"])
        return {"Tags": _listed(self._store, resource)}

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteTags."""
        resource = parameters["ResourceArn"]
        self._store.authorize(caller, "DeleteTags", resource)
        with self._store.lock:
            for key in parameters["TagKeys"]:
                self._store.tags.get(resource, {}).pop(key, None)

    def list_tags(self, caller: Caller, parameters: Record) -> Record:
        """ListTags."""
        resource = parameters["ResourceArn"]
        self._store.authorize(caller, "ListTags", resource)
        return {"Tags": _listed(self._store, resource)}


def _listed(store: Store, resource: str) -> list[dict[str, str]]:
    with store.lock:
        return [{"Key": key, "Value": value} for key, value in store.tags.get(resource, {}).items()]
