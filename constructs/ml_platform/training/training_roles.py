"""The four roles of a training pipeline: who orchestrates, prepares, trains and evaluates."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.cached_tokens import function_arn
from ml_platform.common.execution_role import ExecutionRole, GivenRole
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.common.statement import Statement
from ml_platform.common.vpc_network import VpcNetwork
from ml_platform.training.code_bundle import CodeBundle
from ml_platform.training.gate_function import GateFunction
from ml_platform.training.model_code import ModelCode
from ml_platform.training.model_registry import ModelRegistry
from ml_platform.training.registered_model import PipelineStorage
from platform_contract import layout

SAGEMAKER = "sagemaker.amazonaws.com"
JOB_PREFIX = "pipelines-*"
"""SageMaker names the jobs of a pipeline `pipelines-<execution id>-<step>-<random>`."""
PROCESSING_LOGS = "/aws/sagemaker/ProcessingJobs"
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"


class GivenRoles:
    """One role of somebody else's that runs a pipeline and all its jobs, as it is."""

    def __init__(self, role: iam.IRole) -> None:
        self.prepare = self.train = self.evaluate = self.pipeline = GivenRole(role)
        self.policies: list[iam.ManagedPolicy] = []


class TrainingRoles(Construct):
    """One role per duty: who prepares never sees a model, who trains never sees the test set, nobody deletes anything."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: ModelCode,
        storage: PipelineStorage,
        bundle: CodeBundle,
        image: FrameworkImage,
        registry: ModelRegistry,
        gate: GateFunction,
        network: VpcNetwork | None = None,
    ) -> None:
        """Create the roles; what they may read and write is where `platform_contract.layout` puts it."""
        super().__init__(scope, construct_id)
        self._key, self._image = storage.key, image
        self._join_network = network.statements(self) if network else []
        self._read_code = access.read_object(bundle.asset.bucket, bundle.file_name)
        model, artifacts = code.name, storage.artifacts
        train, test, fitted, judged = (layout.results(model, kind) for kind in ("train", "test", "model", "evaluation"))
        self.prepare = self._job_role(
            "Prepare",
            f"Reads the raw data of {model} and writes its training and test set",
            PROCESSING_LOGS,
            [*access.read_objects(storage.data, layout.raw(code.dataset)), *access.write_objects(artifacts, train, test)],
        )
        self.train = self._job_role(
            "Train",
            f"Reads the training set of {model} and writes its model artifact",
            TRAINING_LOGS,
            [*access.read_objects(artifacts, train), *access.write_objects(artifacts, fitted)],
        )
        self.evaluate = self._job_role(
            "Evaluate",
            f"Reads the model artifacts and the test set of {model} and writes the evaluation",
            PROCESSING_LOGS,
            [*access.read_objects(artifacts, fitted, test), *access.write_objects(artifacts, judged)],
        )
        self.pipeline = self._pipeline_role(model, access.read_objects(artifacts, judged), registry, gate)

    @property
    def policies(self) -> list[iam.ManagedPolicy]:
        """What must be attached before the pipeline can run."""
        return [role.policy for role in (self.prepare, self.train, self.evaluate, self.pipeline)]

    def _job_role(self, construct_id: str, description: str, log_group: str, statements: list[Statement]) -> ExecutionRole:
        return ExecutionRole(
            self,
            construct_id,
            service=SAGEMAKER,
            description=description,
            statements=[
                *statements,
                *self._read_code,
                *access.write_job_logs(self, log_group),
                access.use_key(self._key, "Decrypt", "GenerateDataKey", "DescribeKey"),
                access.encrypt_volumes(self._key),
                access.put_metrics(log_group),
                *access.pull_image(self._image),
                *self._join_network,
            ],
            why_wildcards=_WHY_WILDCARDS,
        )

    def _pipeline_role(
        self, model: str, read_evaluations: list[Statement], registry: ModelRegistry, gate: GateFunction
    ) -> ExecutionRole:
        jobs = [access.arn(self, "sagemaker", f"{kind}/{JOB_PREFIX}") for kind in ("processing-job", "training-job")]
        operations = [
            f"sagemaker:{verb}{kind}Job" for kind in ("Processing", "Training") for verb in ("Create", "Describe", "Stop")
        ]
        group = registry.group_name
        return ExecutionRole(
            self,
            "Pipeline",
            service=SAGEMAKER,
            description=f"Runs the steps of the training pipeline of {model}",
            statements=[
                Statement(actions=[*operations, "sagemaker:AddTags"], resources=jobs),
                Statement(
                    actions=["iam:PassRole"],
                    resources=[self.prepare.arn, self.train.arn, self.evaluate.arn],
                    conditions={"StringEquals": {"iam:PassedToService": SAGEMAKER}},
                ),
                Statement(
                    actions=["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"],
                    resources=[
                        access.arn(self, "sagemaker", f"model-package-group/{group}"),
                        access.arn(self, "sagemaker", f"model-package/{group}/*"),
                    ],
                ),
                # Who registers a version must be able to read the metrics that it points to.
                *read_evaluations,
                access.use_key(self._key, "Decrypt"),
                Statement(actions=["lambda:InvokeFunction"], resources=[function_arn(gate.function)]),
            ],
            why_wildcards=_WHY_WILDCARDS,
        )


_WHY_WILDCARDS = (
    "SageMaker chooses the names of jobs, versions, log streams and objects while the pipeline runs, so only their prefix is "
    "known; PutMetricData, GetAuthorizationToken and EC2's Describe calls know no resources"
)
