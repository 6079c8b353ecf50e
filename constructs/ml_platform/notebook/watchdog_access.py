"""What the watchdog may do: to the notebook instances and endpoints that carry the platform's tags, and to nothing else."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.statement import Statement
from ml_platform.notebook.role import SERVICE_LOGS
from platform_contract.metrics import NOTEBOOKS
from platform_contract.names import PlatformNames
from platform_contract.tags import ENVIRONMENT_TAG, NOTEBOOK_TAG


def stop_notebooks(scope: Construct, prefix: str) -> list[Statement]:
    """Find, look at and stop the platform's notebook instances, those too that were kept when they were replaced."""
    instances = [access.arn(scope, "sagemaker", f"notebook-instance/{PlatformNames(prefix).notebook_instances}*")]
    return [
        Statement(
            actions=["sagemaker:StopNotebookInstance"],
            resources=instances,
            conditions={"StringEquals": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": prefix}},
        ),
        Statement(actions=["sagemaker:DescribeNotebookInstance", "sagemaker:ListTags"], resources=instances),
        Statement(actions=["sagemaker:ListNotebookInstances"], resources=["*"]),
    ]


def delete_endpoints(scope: Construct, prefix: str) -> list[Statement]:
    """Find endpoints, and delete those that were made from the platform's notebooks, with their configurations and models."""
    kinds = {"endpoint": "Endpoint", "endpoint-config": "EndpointConfig", "model": "Model"}
    resources = [access.arn(scope, "sagemaker", f"{kind}/*") for kind in kinds]
    actions = [f"sagemaker:Delete{name}" for name in kinds.values()]
    actions += ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"]
    return [
        Statement(actions=["sagemaker:ListEndpoints"], resources=["*"]),
        # Whose something is stands in its tags: they are read before anything else is asked.
        Statement(actions=["sagemaker:ListTags"], resources=resources),
        Statement(
            actions=actions,
            resources=resources,
            conditions={
                "StringEquals": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": prefix},
                "Null": {f"aws:ResourceTag/{NOTEBOOK_TAG}": "false"},
            },
        ),
    ]


def measure_and_tell(scope: Construct, alerts: sns.ITopic, dead_letters: sqs.IQueue, key: kms.IKey) -> list[Statement]:
    """Read and publish metrics, give SageMaker's own log group a retention, tell people, and keep what failed."""
    service_logs = access.arn(scope, "logs", f"log-group:{SERVICE_LOGS}")
    return [
        Statement(actions=["cloudwatch:GetMetricData", "logs:DescribeLogGroups"], resources=["*"]),
        access.put_metrics(NOTEBOOKS),
        Statement(actions=["logs:PutRetentionPolicy"], resources=[service_logs, f"{service_logs}:*"]),
        Statement(actions=["sns:Publish"], resources=[alerts.topic_arn]),
        Statement(actions=["sqs:SendMessage"], resources=[dead_letters.queue_arn]),
        access.use_key(key, "Decrypt", "GenerateDataKey"),
    ]
