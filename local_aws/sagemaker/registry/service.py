"""The model registry: model package groups, and with them the versions in model_packages."""

from typing import Any

from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.registry.packages import GROUP, ModelPackages, find_group, group_name
from local_aws.sagemaker.store import Record, Store, arn, now


class Registry:
    """Groups, versions, approval."""

    def __init__(self, store: Store) -> None:
        self._store, self._packages = store, ModelPackages(store)
        self.operations: dict[str, Any] = {
            "CreateModelPackageGroup": self.create_group,
            "DescribeModelPackageGroup": self.describe_group,
            "ListModelPackageGroups": self.list_groups,
            "DeleteModelPackageGroup": self.delete_group,
            **self._packages.operations,
        }

    def create_group(self, caller: Caller, parameters: Record) -> Record:
        """CreateModelPackageGroup."""
        name = parameters["ModelPackageGroupName"]
        resource = arn(caller, GROUP, name)
        self._store.authorize_creation(caller, "CreateModelPackageGroup", resource, parameters)
        with self._store.lock:
            if self._store.get(GROUP, caller, name):
                raise invalid(f"Model Package Group already exists: {resource}")
            record = {
                **parameters,
                "ModelPackageGroupArn": resource,
                "ModelPackageGroupStatus": "Completed",
                "CreationTime": now(),
                "CreatedBy": {},
                "last_version": 0,
            }
            self._store.put(GROUP, caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
        return {"ModelPackageGroupArn": resource}

    def describe_group(self, caller: Caller, parameters: Record) -> Record:
        """DescribeModelPackageGroup."""
        name = group_name(parameters["ModelPackageGroupName"])
        self._store.authorize(caller, "DescribeModelPackageGroup", arn(caller, GROUP, name))
        return find_group(self._store, caller, name)

    def list_groups(self, caller: Caller, parameters: Record) -> Record:
        """ListModelPackageGroups; none of other accounts are shared with this one."""
        self._store.authorize(caller, "ListModelPackageGroups", "*")
        shared = parameters.get("CrossAccountFilterOption") == "CrossAccount"
        return LISTINGS["ListModelPackageGroups"].page([] if shared else self._store.all(GROUP, caller), parameters)

    def delete_group(self, caller: Caller, parameters: Record) -> None:
        """DeleteModelPackageGroup; refused while it has versions."""
        name = group_name(parameters["ModelPackageGroupName"])
        self._store.authorize(caller, "DeleteModelPackageGroup", arn(caller, GROUP, name))
        with self._store.lock:
            find_group(self._store, caller, name)
            if self._packages.versions(caller, name):
                raise ServiceError("ConflictException", f"Model Package Group {name} has model packages; delete them first")
            self._store.remove(GROUP, caller, name)
