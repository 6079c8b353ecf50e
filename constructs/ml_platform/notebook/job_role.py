"""The role under which a notebook's training jobs and its endpoints' containers run."""

from constructs import Construct

from ml_platform.common import access
from ml_platform.common.execution_role import ExecutionRole
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.notebook.network import NotebookNetwork, join_network
from ml_platform.notebook.options import NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.training.registered_model import PipelineStorage
from ml_platform.training.training_roles import SAGEMAKER, TRAINING_LOGS
from platform_contract import layout

ENDPOINT_LOGS = "/aws/sagemaker/Endpoints"


class NotebookJobRole(ExecutionRole):
    """Reads the raw data and artifacts of the notebook's models, and reads and writes the notebook's own folder."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        owner: NotebookOwner,
        work: NotebookWork,
        network: NotebookNetwork,
        storage: PipelineStorage,
        image: FrameworkImage,
    ) -> None:
        """Create the role for the jobs of `owner` in `network`, with the models of `work`, in `image`."""
        key = storage.key
        raw = access.read_objects(storage.data, *work.raw_prefixes) if work.models else []
        super().__init__(
            scope,
            construct_id,
            service=SAGEMAKER,
            description=f"Runs the training jobs and the endpoints that notebook {owner.notebook} starts",
            statements=[
                *raw,
                *access.read_objects(storage.artifacts, owner.folder, *(layout.results(model, "model") for model in work.models)),
                *access.write_objects(storage.artifacts, owner.folder),
                access.use_key(key, "Decrypt", "GenerateDataKey", "DescribeKey"),
                access.encrypt_volumes(key),
                *access.write_job_logs(scope, TRAINING_LOGS),
                *access.write_job_logs(scope, f"{ENDPOINT_LOGS}/*"),
                access.put_metrics(TRAINING_LOGS, ENDPOINT_LOGS),
                *access.pull_image(image),
                *join_network(scope, network),
            ],
            why_wildcards=(
                "SageMaker and its SDK choose the names of jobs, endpoints, objects, log streams and network interfaces; "
                "PutMetricData, GetAuthorizationToken and EC2's Describe calls know no resources"
            ),
        )
