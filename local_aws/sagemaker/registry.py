"""Model package groups and versions, and the events that approvals cause."""

from typing import Any

from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller, allowed, in_scope
from local_aws.ministack_bridge.observability import emit_event
from local_aws.s3_transfer import split_uri
from local_aws.sagemaker.store import Record, Store, arn, now, page

GROUP, PACKAGE = "model-package-group", "model-package"


class Registry:
    """Groups, versions, approval."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations = {
            "CreateModelPackageGroup": self.create_group,
            "DescribeModelPackageGroup": self.describe_group,
            "ListModelPackageGroups": self.list_groups,
            "DeleteModelPackageGroup": self.delete_group,
            "CreateModelPackage": self.create_package,
            "DescribeModelPackage": self.describe_package,
            "ListModelPackages": self.list_packages,
            "UpdateModelPackage": self.update_package,
            "DeleteModelPackage": self.delete_package,
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
        name = _group_name(parameters["ModelPackageGroupName"])
        self._store.authorize(caller, "DescribeModelPackageGroup", arn(caller, GROUP, name))
        return self._group(caller, name)

    def list_groups(self, caller: Caller, parameters: Record) -> Record:
        """ListModelPackageGroups."""
        self._store.authorize(caller, "ListModelPackageGroups", "*")
        return page(self._store.all(GROUP, caller), parameters, "ModelPackageGroupSummaryList")

    def delete_group(self, caller: Caller, parameters: Record) -> None:
        """DeleteModelPackageGroup; refused while it has versions."""
        name = _group_name(parameters["ModelPackageGroupName"])
        self._store.authorize(caller, "DeleteModelPackageGroup", arn(caller, GROUP, name))
        self._group(caller, name)
        if self._versions(caller, name):
            raise ServiceError("ConflictException", f"Model Package Group {name} has model packages; delete them first")
        self._store.remove(GROUP, caller, name)

    def create_package(self, caller: Caller, parameters: Record) -> Record:
        """CreateModelPackage, as the next version of its group."""
        name = _group_name(parameters.get("ModelPackageGroupName", ""))
        if not name:
            raise invalid("The embedded AWS offers versioned model packages only: ModelPackageGroupName is required")
        self._store.authorize_creation(caller, "CreateModelPackage", arn(caller, GROUP, name), parameters)
        self._check_artifacts(caller, parameters)
        with self._store.lock:
            group = self._group(caller, name)
            group["last_version"] += 1
            resource = arn(caller, PACKAGE, f"{name}/{group['last_version']}")
            record = {
                "ModelApprovalStatus": "PendingManualApproval",
                **parameters,
                "ModelPackageGroupName": name,
                "ModelPackageVersion": group["last_version"],
                "ModelPackageArn": resource,
                "ModelPackageName": f"{name}/{group['last_version']}",
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self._store.put(PACKAGE, caller, resource, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
        self._announce(caller, record)
        return {"ModelPackageArn": resource}

    @staticmethod
    def _check_artifacts(caller: Caller, parameters: Record) -> None:
        for container in parameters.get("InferenceSpecification", {}).get("Containers", []):
            if not str(container.get("ModelDataUrl", "s3://")).startswith("s3://"):
                raise invalid(f"ModelDataUrl must be an s3:// URI, not {container['ModelDataUrl']}")
        statistics = parameters.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics")
        if statistics:
            bucket, key = split_uri(statistics["S3Uri"])
            if not allowed(caller, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
                raise invalid(f"Cannot access the model metrics at {statistics['S3Uri']}")

    def describe_package(self, caller: Caller, parameters: Record) -> Record:
        """DescribeModelPackage."""
        name = parameters["ModelPackageName"]
        self._store.authorize(caller, "DescribeModelPackage", name)
        return self._package(caller, name)

    def list_packages(self, caller: Caller, parameters: Record) -> Record:
        """ListModelPackages."""
        name = _group_name(parameters.get("ModelPackageGroupName", ""))
        # The service authorization reference names the versions as this call's resource.
        self._store.authorize(caller, "ListModelPackages", arn(caller, PACKAGE, f"{name}/*") if name else "*")
        self._group(caller, name)
        wanted = parameters.get("ModelApprovalStatus")
        found = [p for p in self._versions(caller, name) if wanted in (None, p["ModelApprovalStatus"])]
        found.sort(key=lambda record: int(record["ModelPackageVersion"]))
        if parameters.get("SortOrder") == "Descending":
            found.reverse()
        return page(found, parameters, "ModelPackageSummaryList")

    def update_package(self, caller: Caller, parameters: Record) -> Record:
        """UpdateModelPackage: approval, its description, and customer metadata."""
        name = parameters["ModelPackageArn"]
        self._store.authorize(caller, "UpdateModelPackage", name)
        record = self._package(caller, name)
        changeable = ("ModelApprovalStatus", "ApprovalDescription")
        with self._store.lock:
            record.update({key: parameters[key] for key in changeable if key in parameters})
            metadata = {
                **record.get("CustomerMetadataProperties", {}),
                **parameters.get("CustomerMetadataProperties", {}),
            }
            for key in parameters.get("CustomerMetadataPropertiesToRemove", []):
                metadata.pop(key, None)
            record["CustomerMetadataProperties"] = metadata
            record["LastModifiedTime"] = now()
        self._announce(caller, record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def delete_package(self, caller: Caller, parameters: Record) -> None:
        """DeleteModelPackage; its number is never given again."""
        name = parameters["ModelPackageName"]
        self._store.authorize(caller, "DeleteModelPackage", name)
        self._package(caller, name)
        self._store.remove(PACKAGE, caller, name)

    @staticmethod
    def _announce(caller: Caller, record: Record) -> None:
        keys = (
            "ModelPackageGroupName",
            "ModelPackageVersion",
            "ModelPackageArn",
            "InferenceSpecification",
            "ModelPackageStatus",
            "ModelPackageStatusDetails",
            "ModelApprovalStatus",
            "ApprovalDescription",
            "ModelMetrics",
            "CustomerMetadataProperties",
        )
        detail: dict[str, Any] = {key: record[key] for key in keys if record.get(key) is not None}
        detail["CertifyForMarketplace"] = False
        detail["CreationTime"] = _iso(record["CreationTime"])
        detail["LastModifiedTime"] = _iso(record["LastModifiedTime"])
        name = "SageMaker Model Package State Change"
        in_scope(caller, lambda: emit_event(name, detail, [record["ModelPackageArn"]]))

    def _versions(self, caller: Caller, group: str) -> list[Record]:
        return [p for p in self._store.all(PACKAGE, caller) if p["ModelPackageGroupName"].lower() == group.lower()]

    def _group(self, caller: Caller, name: str) -> Record:
        record = self._store.get(GROUP, caller, name)
        if record is None:
            raise invalid(f"Model Package Group {arn(caller, GROUP, name)} does not exist.")
        return record

    def _package(self, caller: Caller, name: str) -> Record:
        record = self._store.get(PACKAGE, caller, name)
        if record is None:
            raise invalid(f"ModelPackage {name} does not exist.")
        return record


def _group_name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _iso(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
