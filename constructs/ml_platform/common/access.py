"""Policy statements by what they allow: exact actions on exact ARNs or prefixes."""

from aws_cdk import Token
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_platform.common.cached_tokens import arn_scope, bucket_arn, key_arn
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.common.statement import Statement


def read_objects(bucket: s3.IBucket, *prefixes: str) -> list[Statement]:
    """Read the objects under `prefixes`, and list nothing else of the bucket."""
    return [
        Statement(actions=["s3:GetObject"], resources=[_objects(bucket, prefix) for prefix in prefixes]),
        Statement(
            actions=["s3:ListBucket"],
            resources=[bucket_arn(bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        ),
    ]


def read_object(bucket: s3.IBucket, key: str) -> list[Statement]:
    """Read one object; SageMaker lists its key before it downloads."""
    return [
        Statement(actions=["s3:GetObject"], resources=[f"{bucket_arn(bucket)}/{key}"]),
        Statement(
            actions=["s3:ListBucket"],
            resources=[bucket_arn(bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{key}*" if not Token.is_unresolved(key) else key]}},
        ),
    ]


def write_objects(bucket: s3.IBucket, *prefixes: str) -> list[Statement]:
    """Write objects under `prefixes`; neither read nor delete them."""
    return [
        Statement(
            actions=["s3:PutObject", "s3:AbortMultipartUpload"],
            resources=[_objects(bucket, prefix) for prefix in prefixes],
        )
    ]


def delete_objects(bucket: s3.IBucket, *prefixes: str) -> list[Statement]:
    """Delete the newest versions of objects under `prefixes`; earlier ones can be restored."""
    objects = [_objects(bucket, prefix) for prefix in prefixes]
    return [Statement(actions=["s3:DeleteObject"], resources=objects)]


def use_key(key: kms.IKey, *actions: str) -> Statement:
    """Use the platform's key through the services that encrypt with it."""
    return Statement(actions=[f"kms:{action}" for action in actions], resources=[key_arn(key)])


def encrypt_volumes(key: kms.IKey) -> Statement:
    """Let SageMaker attach volumes that are encrypted with the key.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
    """
    return Statement(
        actions=["kms:CreateGrant"],
        resources=[key_arn(key)],
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )


def write_job_logs(scope: Construct, log_group: str) -> list[Statement]:
    """Write to a SageMaker log group that the service itself creates on first use."""
    actions = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
    group = arn(scope, "logs", f"log-group:{log_group}")
    return [Statement(actions=[f"logs:{action}" for action in actions], resources=[f"{group}:*"])]


def write_log_streams(scope: Construct, log_group: str, *streams: str) -> list[Statement]:
    """Write to `streams` of a group, and to no others."""
    resources = [arn(scope, "logs", f"log-group:{log_group}:log-stream:{stream}") for stream in streams]
    return [Statement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=resources)]


def read_logs(scope: Construct, log_group: str) -> list[Statement]:
    """Read all streams of a group."""
    group = arn(scope, "logs", f"log-group:{log_group}")
    return [Statement(actions=["logs:DescribeLogStreams", "logs:GetLogEvents"], resources=[f"{group}:*"])]


def put_metrics(*namespaces: str) -> Statement:
    """Publish metrics into `namespaces`; PutMetricData knows no resources, only this condition."""
    return Statement(
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": namespaces[0] if len(namespaces) == 1 else list(namespaces)}},
    )


def pull_image(image: FrameworkImage) -> list[Statement]:
    """Pull this one repository; the login to ECR knows no resources.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
    """
    return [
        Statement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[image.repository_arn],
        ),
    ]


def arn(scope: Construct, service: str, resource: str) -> str:
    """ARN of `resource` in this stack's partition, region and account."""
    return arn_scope(scope).arn(service, resource)


def _objects(bucket: s3.IBucket, prefix: str) -> str:
    return f"{bucket_arn(bucket)}/{prefix}*"
