"""Foundation: the key, the buckets and the alerts topic that everything else uses, and the datasets' tables."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Duration
from constructs import Construct

from ml_platform import AlertsTopic, PlatformStorage
from ml_platform.data.dataset_table import DatasetCatalog, TableFormat
from settings.datasets import DatasetSection, QueriesSection, TableSection
from settings.platform import AlertsSection, StorageSection
from stacks.base import PlatformStack, StackContext


class FoundationStack(PlatformStack):
    """KMS key, data, artifacts and log buckets, alerts topic; database and workgroup where a dataset has a table."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        storage: StorageSection,
        alerts: AlertsSection,
        datasets: Mapping[str, DatasetSection] | None = None,
        queries: QueriesSection | None = None,
    ) -> None:
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
        tables = {name: section.table for name, section in (datasets or {}).items() if section.table is not None}
        if tables:
            self._build_tables(context.names.prefix, tables, queries or QueriesSection(), storage.destroy_on_delete)

    def _build_tables(self, prefix: str, tables: Mapping[str, TableSection], queries: QueriesSection, destroy: bool) -> None:
        catalog = DatasetCatalog(
            self,
            "Datasets",
            prefix=prefix,
            data=self.storage.data,
            artifacts=self.storage.artifacts,
            key=self.storage.key,
            scan_limit_bytes=round(queries.max_scanned_gb * 10**9),
            destroy=destroy,
        )
        for dataset, table in tables.items():
            table_format = TableFormat(
                kind=table.format, header_rows=table.header_rows, delimiter=table.delimiter, quoted=table.quoted
            )
            catalog.add_table(dataset, table.columns, table_format, table.folder)
        CfnOutput(self, "DatasetsDatabase", value=catalog.database_name)
        CfnOutput(self, "DatasetsWorkGroup", value=catalog.workgroup_name)
