"""CreateNotebookInstance and what belongs to it."""

import hashlib

from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller, pass_role
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.notebooks import rules
from local_aws.sagemaker.notebooks.code_repositories import CodeRepositories
from local_aws.sagemaker.notebooks.lifecycle_configs import LifecycleConfigs
from local_aws.sagemaker.notebooks.machine import Plan
from local_aws.sagemaker.notebooks.presigned import PREFIX, Tickets
from local_aws.sagemaker.notebooks.runner import Runner
from local_aws.sagemaker.notebooks.states import AT_REST, KIND, STATUS, States, refused
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, now


class NotebookInstances:
    """Operations of notebook instances: rights, rules and states; the runner does the work."""

    def __init__(
        self,
        store: Store,
        configs: LifecycleConfigs,
        repositories: CodeRepositories,
        states: States,
        runner: Runner,
        tickets: Tickets,
    ) -> None:
        self._store, self._configs, self._repositories = store, configs, repositories
        self._states, self._runner, self._tickets = states, runner, tickets
        self.operations = {
            "CreateNotebookInstance": self.create,
            "DescribeNotebookInstance": self.describe,
            "ListNotebookInstances": self.list_instances,
            "UpdateNotebookInstance": self.update,
            "StartNotebookInstance": self.start,
            "StopNotebookInstance": self.stop,
            "DeleteNotebookInstance": self.delete,
            "CreatePresignedNotebookInstanceUrl": self.presign,
        }

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateNotebookInstance."""
        name = parameters["NotebookInstanceName"]
        resource = arn(caller, KIND, name)
        self._store.authorize_creation(caller, "CreateNotebookInstance", resource, parameters)
        pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        settings = rules.created(parameters)
        self._plan(caller, {**settings, "NotebookInstanceArn": resource}, created=True)
        with self._store.lock:
            if self._store.get(KIND, caller, name):
                raise invalid(f"Cannot create a duplicate Notebook Instance ({resource})")
            record = {**settings, "NotebookInstanceArn": resource, STATUS: "Pending"}
            record["CreationTime"] = record["LastModifiedTime"] = now()
            record["Url"] = f"{self._tickets.endpoint_url.partition('://')[2]}{PREFIX}{name}"
            record["adopts"] = self._runner.disk(caller, record).volume.exists()
            if settings.get("SubnetId"):
                record["NetworkInterfaceId"] = f"eni-{hashlib.sha256(resource.encode()).hexdigest()[:17]}"
            self._store.put(KIND, caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
        self._states.enter(caller, record, "Pending")
        self._runner.start(caller, record, lambda: self._plan(caller, record, created=True))
        return {"NotebookInstanceArn": resource}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """DescribeNotebookInstance."""
        return dict(self._authorized(caller, "DescribeNotebookInstance", parameters))

    def list_instances(self, caller: Caller, parameters: Record) -> Record:
        """ListNotebookInstances."""
        self._store.authorize(caller, "ListNotebookInstances", "*")
        return LISTINGS["ListNotebookInstances"].page(self._store.all(KIND, caller), parameters)

    def update(self, caller: Caller, parameters: Record) -> Record:
        """UpdateNotebookInstance, of one that does not run."""
        record = self._authorized(caller, "UpdateNotebookInstance", parameters)
        if "RoleArn" in parameters:
            pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        new, gone = rules.changed(record, parameters)
        after = {key: value for key, value in (record | new).items() if key not in gone}
        self._plan(caller, after, created=False)
        self._states.leave(caller, record, AT_REST, "Updating")
        self._runner.change(caller, record, new, gone)
        return {}

    def start(self, caller: Caller, parameters: Record) -> None:
        """StartNotebookInstance."""
        record = self._authorized(caller, "StartNotebookInstance", parameters)
        rules.check_start(record)
        self._states.leave(caller, record, AT_REST, "Pending")
        self._runner.start(caller, record, lambda: self._plan(caller, record, created=False))

    def stop(self, caller: Caller, parameters: Record) -> None:
        """StopNotebookInstance."""
        record = self._authorized(caller, "StopNotebookInstance", parameters)
        self._states.leave(caller, record, ("InService",), "Stopping")
        self._runner.stop(caller, record)

    def delete(self, caller: Caller, parameters: Record) -> None:
        """DeleteNotebookInstance, with its volume."""
        record = self._authorized(caller, "DeleteNotebookInstance", parameters)
        self._states.leave(caller, record, AT_REST, "Deleting")
        self._runner.delete(caller, record)

    def presign(self, caller: Caller, parameters: Record) -> Record:
        """CreatePresignedNotebookInstanceUrl."""
        record = self._authorized(caller, "CreatePresignedNotebookInstanceUrl", parameters)
        if record[STATUS] != "InService":
            raise refused(record, ("InService",), "InService")
        url = self._tickets.issue(record["NotebookInstanceName"], record["NotebookInstanceArn"])
        return {"AuthorizedUrl": url}

    def _authorized(self, caller: Caller, action: str, parameters: Record) -> Record:
        """Return the record of an instance for a caller who may do `action` on it."""
        name = parameters["NotebookInstanceName"]
        self._store.authorize(caller, action, arn(caller, KIND, name), parameters)
        return self._store.find(KIND, caller, name)

    def _plan(self, caller: Caller, record: Record, *, created: bool) -> Plan:
        """Return what a start of the instance needs; raise where it names something that is not there."""
        config, default = record.get("NotebookInstanceLifecycleConfigName"), record.get("DefaultCodeRepository")
        named = [*([default] if default else []), *record.get("AdditionalCodeRepositories", [])]
        repositories = tuple(self._repositories.repository(caller, name) for name in named)
        version = record["InstanceMetadataServiceConfiguration"]["MinimumInstanceMetadataServiceVersion"]
        return Plan(
            name=record["NotebookInstanceName"],
            arn=record["NotebookInstanceArn"],
            role_arn=record["RoleArn"],
            caller=caller,
            instance_type=record["InstanceType"],
            version_1=version == "1",
            internet=record["DirectInternetAccess"] == "Enabled",
            root_access=record["RootAccess"] == "Enabled",
            config_arn=arn(caller, "notebook-instance-lifecycle-config", config) if config else "",
            hooks=self._configs.hooks(caller, config, created=created) if config else (),
            repositories=repositories,
            opens_in=repositories[0].folder if default else None,
        )
