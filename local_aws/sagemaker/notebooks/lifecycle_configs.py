"""CreateNotebookInstanceLifecycleConfig and what belongs to it."""

import base64
import binascii

from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.notebooks.hooks import Hook
from local_aws.sagemaker.store import Record, Store, arn, now

KIND = "notebook-instance-lifecycle-config"
NAME = "NotebookInstanceLifecycleConfigName"


class LifecycleConfigs:
    """Scripts that run when an instance is created or started.

    One that instances still name can be deleted, as on AWS, which documents no refusal; their next start fails.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {
            "CreateNotebookInstanceLifecycleConfig": self.create,
            "DescribeNotebookInstanceLifecycleConfig": self.describe,
            "ListNotebookInstanceLifecycleConfigs": self.list_configs,
            "UpdateNotebookInstanceLifecycleConfig": self.update,
            "DeleteNotebookInstanceLifecycleConfig": self.delete,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateNotebookInstanceLifecycleConfig."""
        name = parameters[NAME]
        resource = arn(caller, KIND, name)
        self._store.authorize_creation(caller, "CreateNotebookInstanceLifecycleConfig", resource, parameters)
        _check(parameters)
        with self._store.lock:
            if self._store.get(KIND, caller, name):
                details = "(Details: Notebook Instance Lifecycle Config already exists.)"
                raise invalid(f"Unable to create Notebook Instance Lifecycle Config {resource}. {details}")
            scripts = {key: parameters.get(key, []) for key in ("OnCreate", "OnStart")}
            record = {NAME: name, "NotebookInstanceLifecycleConfigArn": resource, **scripts}
            self._store.put(KIND, caller, name, record | {"CreationTime": now(), "LastModifiedTime": now()})
            self._store.set_tags(resource, parameters.get("Tags", []))
        return {"NotebookInstanceLifecycleConfigArn": resource}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribeNotebookInstanceLifecycleConfig."""
        name = parameters[NAME]
        self._store.authorize(caller, "DescribeNotebookInstanceLifecycleConfig", arn(caller, KIND, name))
        return self.record(caller, name)

    def list_configs(self, caller: Caller, parameters: Record) -> Record:
        """ListNotebookInstanceLifecycleConfigs."""
        self._store.authorize(caller, "ListNotebookInstanceLifecycleConfigs", "*")
        return LISTINGS["ListNotebookInstanceLifecycleConfigs"].page(self._store.all(KIND, caller), parameters)

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdateNotebookInstanceLifecycleConfig; instances that run are reached by it at their next start."""
        name = parameters[NAME]
        self._store.authorize(caller, "UpdateNotebookInstanceLifecycleConfig", arn(caller, KIND, name))
        _check(parameters)
        with self._store.lock:
            record = self.record(caller, name)
            record.update({key: parameters[key] for key in ("OnCreate", "OnStart") if key in parameters})
            record["LastModifiedTime"] = now()
        return {}

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteNotebookInstanceLifecycleConfig."""
        name = parameters[NAME]
        self._store.authorize(caller, "DeleteNotebookInstanceLifecycleConfig", arn(caller, KIND, name))
        self.record(caller, name)
        self._store.remove(KIND, caller, name)

    def record(self, caller: Caller, name: str) -> Record:
        """Return the record of a configuration."""
        return self._store.find(KIND, caller, name)

    def hooks(self, caller: Caller, name: str, *, created: bool) -> tuple[Hook, ...]:
        """Return the scripts to run: OnCreate only where the instance is being `created`."""
        record = self.record(caller, name)
        wanted = ("OnCreate", "OnStart") if created else ("OnStart",)
        return tuple(Hook(key, _decoded(hook["Content"], key)) for key in wanted for hook in record[key] if "Content" in hook)


def _check(parameters: Record) -> None:
    """Raise for content that is no script in base64; AWS takes it and fails at the start, so the sentence says that."""
    for key in ("OnCreate", "OnStart"):
        for hook in parameters.get(key, []):
            _decoded(hook.get("Content", ""), key)


def _decoded(content: str, key: str) -> str:
    try:
        return base64.b64decode(content, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _not_base64(key) from None


def _not_base64(key: str) -> ServiceError:
    return invalid(
        f"Content of {key} must be a shell script as base64, UTF-8 inside. AWS accepts anything here and fails when an instance "
        "starts; encode the script, for instance with Fn::Base64"
    )
