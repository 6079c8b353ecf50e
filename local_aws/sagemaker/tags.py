"""AddTags, DeleteTags, ListTags."""

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.absent import WORDS
from local_aws.sagemaker.listing import paged
from local_aws.sagemaker.store import Record, Store, lowered
from local_aws.sagemaker.tag_rules import check_number


class Tags:
    """Tags of any SageMaker resource."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {"AddTags": self.add, "DeleteTags": self.delete, "ListTags": self.list_tags}

    def add(self, caller: Caller, parameters: Record) -> Record:
        """AddTags."""
        resource = lowered(parameters["ResourceArn"])
        self._store.authorize(caller, "AddTags", resource, parameters)
        self._require(caller, resource)
        keys = {tag["Key"] for tag in parameters["Tags"]}
        with self._store.lock:
            check_number(resource, keys | self._store.tags_of(resource).keys())
            self._store.set_tags(resource, parameters["Tags"])
        return {"Tags": _listed(self._store, resource)}

    def _require(self, caller: Caller, resource: str) -> None:
        """Raise as Describe of that resource does, where there is none."""
        kind, _, name = resource.partition(f"{caller.account}:")[2].partition("/")
        if kind not in WORDS:
            raise invalid(f"{resource} is not a resource that the embedded AWS offers; those are of the kinds {', '.join(WORDS)}")
        if self._store.get(kind, caller, resource) is None:
            self._store.find(kind, caller, name)

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteTags."""
        resource = lowered(parameters["ResourceArn"])
        self._store.authorize(caller, "DeleteTags", resource, parameters)
        self._require(caller, resource)
        with self._store.lock:
            for key in parameters["TagKeys"]:
                self._store.tags.get(resource, {}).pop(key, None)

    def list_tags(self, caller: Caller, parameters: Record) -> Record:
        """ListTags."""
        resource = lowered(parameters["ResourceArn"])
        self._store.authorize(caller, "ListTags", resource)
        self._require(caller, resource)
        return paged(_listed(self._store, resource), parameters, "Tags", lambda tag: (tag["Key"],))


def _listed(store: Store, resource: str) -> list[dict[str, str]]:
    with store.lock:
        return [{"Key": key, "Value": value} for key, value in store.tags.get(resource, {}).items()]
