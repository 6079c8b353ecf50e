"""Policy statements by what they allow: exact actions on exact ARNs or prefixes."""

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_platform.framework_image import FrameworkImage


def read_objects(bucket: s3.IBucket, *prefixes: str) -> list[iam.PolicyStatement]:
    """Read the objects under `prefixes`, and list nothing else of the bucket."""
    return [
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]),
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        ),
    ]


def read_object(bucket: s3.IBucket, key: str) -> list[iam.PolicyStatement]:
    """Read one object; SageMaker lists its key before it downloads."""
    return [
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(key)]),
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{key}*" if not Token.is_unresolved(key) else key]}},
        ),
    ]


def write_objects(bucket: s3.IBucket, *prefixes: str) -> list[iam.PolicyStatement]:
    """Write objects under `prefixes`; neither read nor delete them."""
    return [
        iam.PolicyStatement(
            actions=["s3:PutObject", "s3:AbortMultipartUpload"],
            resources=[bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
        )
    ]


def delete_objects(bucket: s3.IBucket, *prefixes: str) -> list[iam.PolicyStatement]:
    """Delete the newest versions of objects under `prefixes`; earlier ones can be restored."""
    objects = [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
    return [iam.PolicyStatement(actions=["s3:DeleteObject"], resources=objects)]


def use_key(key: kms.IKey, *actions: str) -> iam.PolicyStatement:
    """Use the platform's key through the services that encrypt with it."""
    return iam.PolicyStatement(actions=[f"kms:{action}" for action in actions], resources=[key.key_arn])


def encrypt_volumes(key: kms.IKey) -> iam.PolicyStatement:
    """Let SageMaker attach volumes that are encrypted with the key.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
    """
    return iam.PolicyStatement(
        actions=["kms:CreateGrant"],
        resources=[key.key_arn],
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )


def write_job_logs(scope: Construct, log_group: str) -> list[iam.PolicyStatement]:
    """Write to a SageMaker log group that the service itself creates on first use."""
    actions = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
    group = arn(scope, "logs", f"log-group:{log_group}")
    return [iam.PolicyStatement(actions=[f"logs:{action}" for action in actions], resources=[f"{group}:*"])]


def write_log_streams(scope: Construct, log_group: str, *streams: str) -> list[iam.PolicyStatement]:
    """Write to `streams` of a group, and to no others."""
    resources = [arn(scope, "logs", f"log-group:{log_group}:log-stream:{stream}") for stream in streams]
    return [iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=resources)]


def read_logs(scope: Construct, log_group: str) -> list[iam.PolicyStatement]:
    """Read all streams of a group."""
    group = arn(scope, "logs", f"log-group:{log_group}")
    return [iam.PolicyStatement(actions=["logs:DescribeLogStreams", "logs:GetLogEvents"], resources=[f"{group}:*"])]


def put_metrics(*namespaces: str) -> iam.PolicyStatement:
    """Publish metrics into `namespaces`; PutMetricData knows no resources, only this condition."""
    return iam.PolicyStatement(
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": namespaces[0] if len(namespaces) == 1 else list(namespaces)}},
    )


def pull_image(image: FrameworkImage) -> list[iam.PolicyStatement]:
    """Pull this one repository; the login to ECR knows no resources.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
    """
    return [
        iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        iam.PolicyStatement(
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=[image.repository_arn],
        ),
    ]


def arn(scope: Construct, service: str, resource: str) -> str:
    """ARN of `resource` in this stack's partition, region and account."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"
