"""Buckets for data, artifacts and access logs, and the key that encrypts the platform."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_platform.common.compliance import acknowledge
from platform_contract import layout

DEFAULT_NONCURRENT = Duration.days(90)
DEFAULT_LOG_RETENTION = Duration.days(400)
ABORT_MULTIPART = Duration.days(7)
ACCESS_LOGS_BY_POLICY = "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy"
KEY_USERS = ("logs", "cloudwatch", "events", "sns", "sqs")
"""Services that encrypt or decrypt on their own behalf, not on a caller's."""


class PlatformStorage(Construct):
    """Data bucket, artifacts bucket, access-log bucket and the rotating key.

    All buckets are versioned, private and TLS-only; uploads that never finished and old versions expire. What they hold
    outlives the stack, unless `destroy` is given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        noncurrent_retention: Duration = DEFAULT_NONCURRENT,
        log_retention: Duration = DEFAULT_LOG_RETENTION,
        destroy: bool = False,
    ) -> None:
        """Create the buckets.

        Parameters
        ----------
        noncurrent_retention
            How long overwritten and deleted versions can be restored.
        log_retention
            How long access logs are kept.
        destroy
            Delete the key with the stack, and the buckets if they are empty. Default: all are retained.
        """
        super().__init__(scope, construct_id)
        # Without this flag CDK grants log delivery through an ACL, which buckets that enforce their owner do not take.
        self.node.set_context(ACCESS_LOGS_BY_POLICY, True)
        self._removal = RemovalPolicy.DESTROY if destroy else RemovalPolicy.RETAIN
        self._noncurrent = noncurrent_retention
        self.key = self._build_key()
        self.logs = self._build_log_bucket(log_retention)
        self.data = self._build_bucket("DataBucket", "data/")
        self.artifacts = self._build_bucket("ArtifactsBucket", "artifacts/")
        acknowledge(
            self,
            "S3 replicates only into a bucket that exists already, elsewhere; versioning protects within this region",
            *(f"{pack}-S3BucketReplicationEnabled" for pack in ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")),
        )

    def grant_read(self, grantee: iam.IGrantable, dataset: str) -> iam.Grant:
        """Let `grantee` read the raw data of a dataset, and no other's. For a model's artifacts: `RegisteredModel.grant_read`."""
        return self.data.grant_read(grantee, f"{layout.raw(dataset)}*")

    def grant_write(self, grantee: iam.IGrantable, dataset: str) -> iam.Grant:
        """Let `grantee` put raw data of a dataset; versions that are complete are kept by the bucket's versioning."""
        return self.data.grant_put(grantee, f"{layout.raw(dataset)}*")

    def _build_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Encrypts the ML platform's data, artifacts, logs and queues",
            enable_key_rotation=True,
            removal_policy=self._removal,
        )
        for service in KEY_USERS:
            key.add_to_resource_policy(self._service_use(service))
        return key

    def _service_use(self, service: str) -> iam.PolicyStatement:
        stack = Stack.of(self)
        principal = f"logs.{stack.region}.amazonaws.com" if service == "logs" else f"{service}.amazonaws.com"
        account = {"aws:SourceAccount": stack.account}
        if service == "logs":
            # CloudWatch Logs sends no source account with its calls; the encryption context names the log group instead.
            groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:*"
            condition = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}}
        else:
            condition = {"StringEquals": account}
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(principal)],
            actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"],
            resources=["*"],
            conditions=condition,
        )

    def _build_log_bucket(self, retention: Duration) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "LogBucket",
            # Server access logging delivers to buckets with SSE-S3 only.
            encryption=s3.BucketEncryption.S3_MANAGED,
            lifecycle_rules=[self._hygiene(), s3.LifecycleRule(id="expire", expiration=retention)],
            **_CLOSED,
            removal_policy=self._removal,
        )
        acknowledge(
            bucket,
            "S3 delivers server access logs only to buckets encrypted with SSE-S3",
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
            "HIPAA.Security-S3DefaultEncryptionKMS",
            "PCI.DSS.321-S3DefaultEncryptionKMS",
        )
        return bucket

    def _build_bucket(self, construct_id: str, log_prefix: str) -> s3.Bucket:
        return s3.Bucket(
            self,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix=log_prefix,
            lifecycle_rules=[self._hygiene()],
            **_CLOSED,
            removal_policy=self._removal,
        )

    def _hygiene(self) -> s3.LifecycleRule:
        return s3.LifecycleRule(
            id="hygiene",
            abort_incomplete_multipart_upload_after=ABORT_MULTIPART,
            noncurrent_version_expiration=self._noncurrent,
        )


_CLOSED: Any = {
    "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
    "enforce_ssl": True,
    "minimum_tls_version": 1.2,
    "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    "versioned": True,
}
