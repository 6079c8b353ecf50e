"""Foundation: the key, the buckets and the alerts topic that everything else uses."""

from aws_cdk import CfnOutput, Duration
from constructs import Construct

from ml_platform import AlertsTopic, PlatformStorage
from stacks.base import PlatformStack, StackContext
from stacks.settings.platform import AlertsSection, StorageSection


class FoundationStack(PlatformStack):
    """KMS key, data, artifacts and log buckets, alerts topic."""

    def __init__(self, scope: Construct, context: StackContext, *, storage: StorageSection, alerts: AlertsSection) -> None:
        """Create what all other stacks depend on."""
        super().__init__(scope, context, "Foundation")
        self.storage = PlatformStorage(
            self,
            "Storage",
            noncurrent_retention=Duration.days(storage.noncurrent_version_days),
            log_retention=Duration.days(storage.log_retention_days),
            destroy=storage.destroy_on_delete,
        )
        self.alerts = AlertsTopic(self, "Alerts", key=self.storage.key, emails=alerts.emails)
        CfnOutput(self, "DataBucket", value=self.storage.data.bucket_name)
        CfnOutput(self, "ArtifactsBucket", value=self.storage.artifacts.bucket_name)
