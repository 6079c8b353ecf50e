"""The role of a notebook instance: what a person in it, and the idle agent on it, may do."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.execution_role import ExecutionRole
from ml_platform.common.statement import Statement
from ml_platform.notebook.access import deploy, start_training, train_models, use_own
from ml_platform.notebook.client_bundle import ClientBundle
from ml_platform.notebook.job_role import NotebookJobRole
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.options import NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.training.registered_model import PipelineStorage
from ml_platform.training.training_roles import SAGEMAKER, TRAINING_LOGS
from platform_contract import layout
from platform_contract.metrics import NOTEBOOKS

SERVICE_LOGS = "/aws/sagemaker/NotebookInstances"
"""Group into which SageMaker writes the output of lifecycle scripts, under the instance's role."""

_WHY_WILDCARDS = (
    "SageMaker and its SDK choose the names of what is made, which is recognized by its tags, and of objects and log streams; "
    "PutMetricData and the List calls know no resources"
)


class NotebookRole(ExecutionRole):
    """Stops and describes its own instance only; makes and uses what carries its tags; passes one role, that of its jobs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        owner: NotebookOwner,
        instance_name: str,
        work: NotebookWork,
        network: NotebookNetwork,
        storage: PipelineStorage,
        log_group_name: str,
        job_role: NotebookJobRole,
        client: ClientBundle,
    ) -> None:
        """Create the role.

        Parameters
        ----------
        owner, instance_name
            The notebook, and the name of the instance that runs under the role.
        work
            The models that it may use.
        network
            Network of its jobs.
        storage
            Data, artifacts and the key.
        log_group_name
            Group in which the idle agent writes a stream that is called as the instance.
        job_role
            The one role that it may pass.
        client
            What the instance fetches at its start.
        """
        super().__init__(
            scope,
            construct_id,
            service=SAGEMAKER,
            description=f"Notebook {owner.notebook}: its instance, and the people who work in it",
            statements=[
                *_on_instance(scope, instance_name, log_group_name),
                *_on_own_data(owner, storage, client),
                access.use_key(storage.key, "Decrypt", "GenerateDataKey", "DescribeKey"),
                access.encrypt_volumes(storage.key),
                *access.read_logs(scope, TRAINING_LOGS),
            ],
            why_wildcards=_WHY_WILDCARDS,
        )
        # A managed policy holds 6,144 characters, so that there are several.
        self.model_policies = self._attach_model_policies(work, storage)
        self.training_policy = self.attach("TrainingPolicy", start_training(self, owner, network, storage.key), _WHY_WILDCARDS)
        self.work_policy = self.attach(
            "WorkPolicy",
            [
                *deploy(self, owner, network),
                *use_own(self, owner),
                Statement(
                    actions=["iam:PassRole"],
                    resources=[job_role.arn],
                    conditions={"StringEquals": {"iam:PassedToService": SAGEMAKER}},
                ),
            ],
            _WHY_WILDCARDS,
        )

    @property
    def policies(self) -> list[iam.ManagedPolicy]:
        """What must be attached before the instance starts."""
        return [self.policy, *self.model_policies, self.training_policy, self.work_policy]

    def _attach_model_policies(self, work: NotebookWork, storage: PipelineStorage) -> list[iam.ManagedPolicy]:
        if not work.models:
            return []
        return [
            self.attach("ModelDataPolicy", _on_data_of(work, storage), _WHY_WILDCARDS),
            self.attach("ModelTrainingPolicy", train_models(self, list(work.models.values())), _WHY_WILDCARDS),
        ]


def _on_instance(scope: Construct, instance_name: str, log_group_name: str) -> list[Statement]:
    actions = ("StopNotebookInstance", "DescribeNotebookInstance", "ListTags")
    return [
        Statement(
            actions=[f"sagemaker:{action}" for action in actions],
            resources=[access.arn(scope, "sagemaker", f"notebook-instance/{instance_name}")],
        ),
        *access.write_log_streams(scope, log_group_name, instance_name),
        *access.write_log_streams(scope, SERVICE_LOGS, f"{instance_name}/*"),
        Statement(
            actions=["logs:CreateLogGroup", "logs:DescribeLogStreams"],
            resources=[access.arn(scope, "logs", f"log-group:{SERVICE_LOGS}:*")],
        ),
        access.put_metrics(NOTEBOOKS),
    ]


def _on_own_data(owner: NotebookOwner, storage: PipelineStorage, client: ClientBundle) -> list[Statement]:
    return [
        *access.read_objects(storage.artifacts, owner.folder),
        *access.write_objects(storage.artifacts, owner.folder),
        *access.delete_objects(storage.artifacts, owner.folder),
        *access.read_object(client.asset.bucket, client.asset.s3_object_key),
    ]


def _on_data_of(work: NotebookWork, storage: PipelineStorage) -> list[Statement]:
    return [
        *access.read_objects(storage.data, *work.raw_prefixes),
        *access.read_objects(storage.artifacts, *(layout.results(model, "model") for model in work.models)),
    ]
