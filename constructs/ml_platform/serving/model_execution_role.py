"""The role of a model's containers."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.cached_tokens import stack_of
from ml_platform.common.execution_role import ExecutionRole
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.common.statement import Statement
from ml_platform.common.vpc_network import VpcNetwork
from platform_contract import layout


class ModelExecutionRole(ExecutionRole):
    """Reads the model's artifacts, writes captured data and logs; nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: str,
        endpoint_name: str,
        artifacts: s3.IBucket,
        key: kms.IKey,
        image: FrameworkImage,
        network: VpcNetwork | None = None,
    ) -> None:
        """Create the role of `model`, served by `endpoint_name` in `network`; by default in SageMaker's own."""
        super().__init__(
            scope,
            construct_id,
            service="sagemaker.amazonaws.com",
            description=f"Runs the containers that serve {model}",
            statements=[
                *access.read_objects(artifacts, layout.results(model, "model")),
                *access.write_objects(artifacts, layout.results(model, "capture")),
                *access.write_job_logs(scope, f"/aws/sagemaker/Endpoints/{endpoint_name}"),
                access.use_key(key, "Decrypt", "GenerateDataKey", "DescribeKey"),
                access.encrypt_volumes(key),
                access.put_metrics("/aws/sagemaker/Endpoints"),
                # SageMaker reads the rollback alarms in the name of this role while a release bakes.
                Statement(
                    actions=["cloudwatch:DescribeAlarms"],
                    resources=[access.arn(scope, "cloudwatch", f"alarm:{stack_of(scope).stack_name}-*")],
                ),
                *access.pull_image(image),
                *(network.statements(scope) if network else ()),
            ],
            why_wildcards=(
                "SageMaker chooses the keys of artifacts and captured objects and the names of log streams; PutMetricData, "
                "GetAuthorizationToken and EC2's Describe calls know no resources"
            ),
        )
