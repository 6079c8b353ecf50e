"""AWS::SageMaker::NotebookInstance, NotebookInstanceLifecycleConfig and CodeRepository; Ref is the ARN of each."""

import time
from typing import Any

from local_aws.cloudformation.base import ServiceType, name_of
from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller

POLL_SECONDS = 0.2
MOVING = ("Pending", "Stopping", "Updating", "Deleting")
CREATE_ONLY = ("DirectInternetAccess", "KmsKeyId", "NotebookInstanceName", "PlatformIdentifier", "SecurityGroupIds", "SubnetId")
DISASSOCIATED = {
    "LifecycleConfigName": "DisassociateLifecycleConfig",
    "DefaultCodeRepository": "DisassociateDefaultCodeRepository",
    "AdditionalCodeRepositories": "DisassociateAdditionalCodeRepositories",
}

Attributes = dict[str, Any]


class NotebookInstanceType(ServiceType):
    """A notebook instance: what cannot change in place replaces it, with another volume; the rest changes while it is stopped."""

    replacing = CREATE_ONLY

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreateNotebookInstance, and wait until it is InService."""
        chosen = properties.get("NotebookInstanceName", name)
        parameters = {**properties, "NotebookInstanceName": chosen}
        arn = self.call("CreateNotebookInstance", caller, parameters)["NotebookInstanceArn"]
        try:
            self._require(caller, chosen, "InService")
        except ServiceError:
            # CloudFormation deletes what it failed to create, so that the name is free for the next attempt.
            self.delete(caller, arn, properties)
            raise
        return arn, _instance(arn, chosen)

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """Stop the instance if it runs, change it, and start it again unless it was stopped before."""
        name = self._settled(caller, name_of(physical_id))["NotebookInstanceName"]
        self.retag(caller, physical_id, old, new)
        if {**old, "Tags": None} != {**new, "Tags": None}:
            self._change(caller, name, old, new)
        return physical_id, _instance(physical_id, name)

    def _change(self, caller: Caller, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        before = self._stopped(caller, name)
        gone = set(old) - set(new)
        flags = {flag: True for key, flag in DISASSOCIATED.items() if key in gone}
        kept = {key: value for key, value in new.items() if key not in ("Tags", *CREATE_ONLY)}
        self.call("UpdateNotebookInstance", caller, {**kept, **flags, "NotebookInstanceName": name})
        self._require(caller, name, "Stopped")
        if before != "Stopped":
            self.call("StartNotebookInstance", caller, {"NotebookInstanceName": name})
            self._require(caller, name, "InService")

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """Stop the instance if it runs, DeleteNotebookInstance, and wait until it is gone."""
        parameters = {"NotebookInstanceName": name_of(physical_id)}
        try:
            self._stopped(caller, parameters["NotebookInstanceName"])
            self.call("DeleteNotebookInstance", caller, parameters)
            while True:
                self.call("DescribeNotebookInstance", caller, parameters)
                time.sleep(POLL_SECONDS)
        except ServiceError as error:
            if error.message != "RecordNotFound":
                raise

    def _stopped(self, caller: Caller, name: str) -> str:
        """Stop the instance if it runs; return the state that it was in."""
        before = str(self._settled(caller, name)["NotebookInstanceStatus"])
        if before == "InService":
            self.call("StopNotebookInstance", caller, {"NotebookInstanceName": name})
            self._require(caller, name, "Stopped")
        return before

    def _settled(self, caller: Caller, name: str) -> dict[str, Any]:
        """Return the description of the instance once it is in no passing state."""
        while True:
            described = self.call("DescribeNotebookInstance", caller, {"NotebookInstanceName": name})
            if described["NotebookInstanceStatus"] not in MOVING:
                return described
            time.sleep(POLL_SECONDS)

    def _require(self, caller: Caller, name: str, status: str) -> None:
        described = self._settled(caller, name)
        if described["NotebookInstanceStatus"] != status:
            reason = described.get("FailureReason", f"the instance is {described['NotebookInstanceStatus']}")
            raise ServiceError("GeneralServiceException", f"Resource handler returned message: {reason}")


class LifecycleConfigType(ServiceType):
    """A lifecycle configuration: its scripts change in place, and reach instances at their next start."""

    replacing = ("NotebookInstanceLifecycleConfigName",)

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreateNotebookInstanceLifecycleConfig."""
        chosen = properties.get("NotebookInstanceLifecycleConfigName", name)
        parameters = {**properties, "NotebookInstanceLifecycleConfigName": chosen}
        arn = self.call("CreateNotebookInstanceLifecycleConfig", caller, parameters)["NotebookInstanceLifecycleConfigArn"]
        return arn, _config(arn, chosen)

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """UpdateNotebookInstanceLifecycleConfig; a script that the template leaves out is taken away."""
        name = {"NotebookInstanceLifecycleConfigName": name_of(physical_id)}
        self.retag(caller, physical_id, old, new)
        scripts = {key: new.get(key, []) for key in ("OnCreate", "OnStart")}
        self.call("UpdateNotebookInstanceLifecycleConfig", caller, {**name, **scripts})
        described = self.call("DescribeNotebookInstanceLifecycleConfig", caller, dict(name))
        return physical_id, _config(physical_id, described["NotebookInstanceLifecycleConfigName"])

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteNotebookInstanceLifecycleConfig."""
        parameters = {"NotebookInstanceLifecycleConfigName": name_of(physical_id)}
        self.delete_if_there("DeleteNotebookInstanceLifecycleConfig", caller, parameters)


class CodeRepositoryType(ServiceType):
    """A Git repository. On AWS another secret changes it in place; here every change of GitConfig replaces it."""

    replacing = ("CodeRepositoryName", "GitConfig")

    def create(self, caller: Caller, name: str, properties: dict[str, Any]) -> tuple[str, Attributes]:
        """CreateCodeRepository."""
        chosen = properties.get("CodeRepositoryName", name)
        arn = self.call("CreateCodeRepository", caller, {**properties, "CodeRepositoryName": chosen})["CodeRepositoryArn"]
        return arn, {"CodeRepositoryArn": arn, "CodeRepositoryName": chosen}

    def update(self, caller: Caller, physical_id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, Attributes]:
        """Change the tags."""
        self.retag(caller, physical_id, old, new)
        described = self.call("DescribeCodeRepository", caller, {"CodeRepositoryName": name_of(physical_id)})
        return physical_id, {"CodeRepositoryArn": physical_id, "CodeRepositoryName": described["CodeRepositoryName"]}

    def delete(self, caller: Caller, physical_id: str, properties: dict[str, Any]) -> None:
        """DeleteCodeRepository."""
        self.delete_if_there("DeleteCodeRepository", caller, {"CodeRepositoryName": name_of(physical_id)})


def _instance(arn: str, name: str) -> Attributes:
    return {"NotebookInstanceArn": arn, "NotebookInstanceName": name}


def _config(arn: str, name: str) -> Attributes:
    return {"NotebookInstanceLifecycleConfigArn": arn, "NotebookInstanceLifecycleConfigName": name}
