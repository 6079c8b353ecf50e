"""Model packages: versions of a model package group, packages without one, and the events that approvals cause."""

from typing import Any

from local_aws.errors import ServiceError, invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.events import tell_state
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.model_data import model_data
from local_aws.sagemaker.offer import refuse
from local_aws.sagemaker.registry.metadata import changed_card, check_card, check_metrics, merged_metadata
from local_aws.sagemaker.store import Record, Store, arn, arn_of, now

GROUP, PACKAGE = "model-package-group", "model-package"
NOT_OFFERED = ("CertifyForMarketplace=True", "SourceAlgorithmSpecification", "ValidationSpecification")
REPLACED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
    "SourceUri",
)
"""What UpdateModelPackage simply replaces."""
TOLD = (
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
    "MetadataProperties",
    "ModelLifeCycle",
)
"""What events say of a package."""
TOLD_CHANGES = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "ModelLifeCycle",
    "SourceUri",
    "CustomerMetadataProperties",
)
"""Of what an update changes, that which its event names as UpdatedModelPackageFields."""


UNAPPROVABLE = "ModelApprovalStatus does not apply to unversioned model packages; register a version of a model package group"


class ModelPackages:
    """CreateModelPackage and what belongs to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations: dict[str, Any] = {
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "BatchDescribeModelPackage": self.describe_several,
            "ListModelPackages": self.list_packages,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateModelPackage: its group's next version, or a package of its own; the same ClientToken creates nothing twice."""
        group, name = group_name(parameters.get("ModelPackageGroupName", "")), parameters.get("ModelPackageName", "")
        if group and name:
            raise invalid("Give either ModelPackageGroupName, for a versioned model package, or ModelPackageName, not both")
        if not group and not name:
            raise invalid("Either ModelPackageGroupName, for a versioned model package, or ModelPackageName is required")
        place = arn(caller, GROUP, group) if group else arn(caller, PACKAGE, name)
        self._store.authorize_creation(caller, "CreateModelPackage", place, parameters)
        refuse(parameters, NOT_OFFERED)
        for container in parameters.get("InferenceSpecification", {}).get("Containers", []):
            model_data(container)
        check_metrics(caller, parameters)
        check_card(parameters.get("ModelCard", {}))
        with self._store.lock:
            token = parameters.get("ClientToken")
            rivals = self.versions(caller, group) if group else self._unversioned(caller)
            for earlier in rivals if token else []:
                if earlier.get("ClientToken") == token:
                    return {"ModelPackageArn": earlier["ModelPackageArn"]}
            facts = self._next_version(caller, group) if group else self._named(caller, name, parameters)
            record = self._new(caller, facts, parameters)
        self._announce(caller, record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def _next_version(self, caller: Caller, name: str) -> Record:
        group = find_group(self._store, caller, name)
        group["last_version"] += 1
        version = group["last_version"]
        return {
            "ModelPackageArn": arn(caller, PACKAGE, f"{name}/{version}"),
            "ModelPackageName": f"{name}/{version}",
            "ModelPackageGroupName": name,
            "ModelPackageVersion": version,
        }

    def _named(self, caller: Caller, name: str, parameters: Record) -> Record:
        resource = arn(caller, PACKAGE, name)
        if "ModelApprovalStatus" in parameters:
            raise invalid(UNAPPROVABLE)
        if self._store.get(PACKAGE, caller, resource):
            raise invalid(f"Model package already exists: {resource}")
        return {"ModelPackageArn": resource, "ModelPackageName": name}

    def _new(self, caller: Caller, facts: Record, parameters: Record) -> Record:
        resource = facts["ModelPackageArn"]
        record = {
            **({"ModelApprovalStatus": "PendingManualApproval"} if "ModelPackageVersion" in facts else {}),
            **parameters,
            **facts,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CreationTime": now(),
            "LastModifiedTime": now(),
            "update_tokens": set(),
        }
        self._store.put(PACKAGE, caller, resource, record)
        self._store.set_tags(resource, parameters.get("Tags", []))
        return record

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribeModelPackage, by name or ARN."""
        name = arn_of(caller, PACKAGE, parameters["ModelPackageName"])
        self._store.authorize(caller, "DescribeModelPackage", name)
        return self._find(caller, name)

    def describe_several(self, caller: Caller, parameters: Record) -> Record:
        """BatchDescribeModelPackage; what does not exist is in its error map."""
        found: dict[str, Record] = {}
        errors: dict[str, Record] = {}
        for name in parameters["ModelPackageArnList"]:
            self._store.authorize(caller, "BatchDescribeModelPackage", name)
            try:
                found[name] = self._find(caller, name)
            except ServiceError as error:
                errors[name] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}

    def list_packages(self, caller: Caller, parameters: Record) -> Record:
        """ListModelPackages: a group's versions, or packages of the type asked for, by default those without a group."""
        name = group_name(parameters.get("ModelPackageGroupName", ""))
        # The service authorization reference names the versions as this call's resource.
        self._store.authorize(caller, "ListModelPackages", arn(caller, PACKAGE, f"{name}/*") if name else "*")
        if name:
            find_group(self._store, caller, name)
        kind = parameters.get("ModelPackageType", "Versioned" if name else "Unversioned")
        found = self.versions(caller, name) if kind != "Unversioned" else []
        found += self._unversioned(caller) if kind != "Versioned" and not name else []
        return LISTINGS["ListModelPackages"].page(found, parameters)

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdateModelPackage; the same ClientToken changes nothing twice."""
        name = parameters["ModelPackageArn"]
        self._store.authorize(caller, "UpdateModelPackage", name)
        with self._store.lock:
            record, token = self._find(caller, name), parameters.get("ClientToken")
            if "ModelApprovalStatus" in parameters and "ModelPackageVersion" not in record:
                raise invalid(UNAPPROVABLE)
            if token in record["update_tokens"]:
                return {"ModelPackageArn": record["ModelPackageArn"]}
            before, metadata = record.get("CustomerMetadataProperties", {}), merged_metadata(record, parameters)
            card = {"ModelCard": changed_card(record, parameters["ModelCard"])} if "ModelCard" in parameters else {}
            more = parameters.get("AdditionalInferenceSpecificationsToAdd", [])
            record.update({key: parameters[key] for key in REPLACED if key in parameters}, **card)
            record.update(CustomerMetadataProperties=metadata, LastModifiedTime=now())
            if more:
                record["AdditionalInferenceSpecifications"] = [*record.get("AdditionalInferenceSpecifications", []), *more]
            record["update_tokens"] |= {token} if token else set()
        changed = [
            key for key in TOLD_CHANGES if key in parameters or (key == "CustomerMetadataProperties" and metadata != before)
        ]
        self._announce(caller, record, {"UpdatedModelPackageFields": changed})
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteModelPackage; its number is never given again."""
        name = arn_of(caller, PACKAGE, parameters["ModelPackageName"])
        self._store.authorize(caller, "DeleteModelPackage", name)
        self._find(caller, name)
        self._store.remove(PACKAGE, caller, name)

    @staticmethod
    def _announce(caller: Caller, record: Record, more: Record | None = None) -> None:
        detail: dict[str, Any] = {key: record[key] for key in TOLD if record.get(key) is not None} | (more or {})
        detail["CertifyForMarketplace"] = False
        detail["CreationTime"] = _iso(record["CreationTime"])
        detail["LastModifiedTime"] = _iso(record["LastModifiedTime"])
        tell_state(caller, "Model Package", detail, record["ModelPackageArn"])

    def versions(self, caller: Caller, group: str) -> list[Record]:
        """Return a group's versions, or with an empty name those of all groups, the newest first."""
        packages = [package for package in self._store.all(PACKAGE, caller) if "ModelPackageVersion" in package]
        return [package for package in packages if group.lower() in ("", package["ModelPackageGroupName"].lower())]

    def _unversioned(self, caller: Caller) -> list[Record]:
        return [package for package in self._store.all(PACKAGE, caller) if "ModelPackageVersion" not in package]

    def _find(self, caller: Caller, name: str) -> Record:
        return self._store.find(PACKAGE, caller, name)


def find_group(store: Store, caller: Caller, name: str) -> Record:
    """Return a group's record; ValidationException where there is none."""
    return store.find(GROUP, caller, name)


def group_name(name_or_arn: str) -> str:
    """Return a group's name, which calls may give as an ARN."""
    return name_or_arn.rpartition("/")[2]


def _iso(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
