"""Datasets as tables: a Glue database, one external table per dataset, and an Athena workgroup to query them.

Nothing here is billed by the hour: partitions are computed from the version asked for (partition projection), so that no
crawler runs, and Athena bills what a query reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aws_cdk import Duration, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from platform_contract import layout

DEFAULT_SCAN_LIMIT = 10 * 10**9
SMALLEST_SCAN_LIMIT = 10**7
"""Bytes that one query may read. Source: API_WorkGroupConfiguration, BytesScannedCutoffPerQuery."""
RESULTS_KEPT = Duration.days(30)
HIGHEST_VERSION = 9999
"""Partitions are projected up to this version; the client gives no higher one."""
PARTITION = "version"
ENGINE = "Athena engine version 3"

_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """How the files of a table are to be read."""

    kind: Literal["csv", "parquet"] = "csv"
    header_rows: int = 1
    """Lines at the beginning of a CSV file that are not data."""
    delimiter: str = ","
    quoted: bool = False
    """CSV fields may stand in quotation marks. The only reader that takes them hands on texts, not numbers.
    Source: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html"""


class DatasetCatalog(Construct):
    """Database and workgroup; tables are added to it.

    The workgroup's settings hold whatever a client asks for: results are encrypted with the platform's key, lie in the artifacts
    bucket for 30 days, and a query that reads more than the limit is cancelled.

    Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        data: s3.IBucket,
        artifacts: s3.Bucket,
        key: kms.IKey,
        scan_limit_bytes: int = DEFAULT_SCAN_LIMIT,
        destroy: bool = False,
    ) -> None:
        """Create the catalog of the platform `prefix`, such as `mlp-dev`.

        Parameters
        ----------
        data, artifacts, key
            Bucket of the datasets, bucket for results, and what both are encrypted with.
        scan_limit_bytes
            What one query may read; at least 10,000,000. Default: 10 GB.
        destroy
            Delete saved queries with the workgroup. Default: a workgroup that holds some is not deleted.

        Raises
        ------
        ValueError
            If the limit is too small.
        """
        super().__init__(scope, construct_id)
        if scan_limit_bytes < SMALLEST_SCAN_LIMIT:
            raise ValueError(f"scan_limit_bytes: got {scan_limit_bytes}; Athena takes at least {SMALLEST_SCAN_LIMIT}")
        self._data = data
        self.database_name = glue_name(prefix)
        self.workgroup_name = prefix
        self.database = self._build_database(prefix)
        self.workgroup = self._build_workgroup(artifacts, key, scan_limit_bytes, destroy)
        artifacts.add_lifecycle_rule(id="query-results", prefix=layout.QUERIES, expiration=RESULTS_KEPT)

    def _build_database(self, prefix: str) -> glue.CfnDatabase:
        return glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database_name, description=f"Datasets of the ML platform {prefix}, one table each"
            ),
        )

    def _build_workgroup(self, artifacts: s3.IBucket, key: kms.IKey, limit: int, destroy: bool) -> athena.CfnWorkGroup:
        encryption = athena.CfnWorkGroup.EncryptionConfigurationProperty(encryption_option="SSE_KMS", kms_key=key.key_arn)
        return athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=self.workgroup_name,
            description="Queries on the platform's datasets",
            recursive_delete_option=destroy,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                bytes_scanned_cutoff_per_query=limit,
                publish_cloud_watch_metrics_enabled=True,
                requester_pays_enabled=False,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version=ENGINE),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=artifacts.s3_url_for_object(layout.QUERIES), encryption_configuration=encryption
                ),
            ),
        )

    def add_table(
        self, dataset: str, columns: Mapping[str, str], table_format: TableFormat | None = None, folder: str | None = None
    ) -> glue.CfnTable:
        """Add the table of `dataset`: `columns` (Glue type by name, in the files' order), and the partition `version`.

        `folder` limits it to one folder of each version, where a dataset's files have not all the same columns.

        Raises
        ------
        ValueError
            If a column is called as the partition.
        """
        if PARTITION in columns:
            raise ValueError(f"columns of {dataset}: {PARTITION} is the number of the dataset's version; rename that column")
        table_format = table_format or TableFormat()
        version = f"{PARTITION}=${{{PARTITION}}}/" + (f"{folder}/" if folder else "")
        table = glue.CfnTable(
            self,
            f"{glue_name(dataset).title().replace('_', '')}Table",
            catalog_id=Stack.of(self).account,
            database_name=self.database_name,
            table_input=glue.CfnTable.TableInputProperty(
                name=glue_name(dataset),
                description=f"All versions of dataset {dataset}; say which one: WHERE {PARTITION} = 1",
                table_type="EXTERNAL_TABLE",
                partition_keys=[glue.CfnTable.ColumnProperty(name=PARTITION, type="int")],
                parameters=self._parameters(dataset, table_format, version),
                storage_descriptor=self._storage(dataset, columns, table_format),
            ),
        )
        table.node.add_dependency(self.database)
        return table

    def _parameters(self, dataset: str, table_format: TableFormat, version: str) -> dict[str, str]:
        skip = {"skip.header.line.count": str(table_format.header_rows)} if table_format.header_rows else {}
        return {
            "EXTERNAL": "TRUE",
            "classification": table_format.kind,
            "projection.enabled": "true",
            f"projection.{PARTITION}.type": "integer",
            f"projection.{PARTITION}.range": f"1,{HIGHEST_VERSION}",
            "storage.location.template": self._data.s3_url_for_object(f"{layout.raw(dataset)}{version}"),
            **(skip if table_format.kind == "csv" else {}),
        }

    def _storage(
        self, dataset: str, columns: Mapping[str, str], table_format: TableFormat
    ) -> glue.CfnTable.StorageDescriptorProperty:
        reads, writes = (
            _TEXT
            if table_format.kind == "csv"
            else (
                f"{_PARQUET}.MapredParquetInputFormat",
                f"{_PARQUET}.MapredParquetOutputFormat",
            )
        )
        return glue.CfnTable.StorageDescriptorProperty(
            location=self._data.s3_url_for_object(layout.raw(dataset)),
            columns=[glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in columns.items()],
            input_format=reads,
            output_format=writes,
            serde_info=_serde(table_format),
        )


def _serde(table_format: TableFormat) -> glue.CfnTable.SerdeInfoProperty:
    if table_format.kind == "parquet":
        return glue.CfnTable.SerdeInfoProperty(serialization_library=f"{_PARQUET}.serde.ParquetHiveSerDe")
    if table_format.quoted:
        return glue.CfnTable.SerdeInfoProperty(
            serialization_library="org.apache.hadoop.hive.serde2.OpenCSVSerde",
            parameters={"separatorChar": table_format.delimiter, "quoteChar": '"', "escapeChar": "\\"},
        )
    return glue.CfnTable.SerdeInfoProperty(
        serialization_library="org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        parameters={"field.delim": table_format.delimiter, "serialization.format": table_format.delimiter},
    )


def glue_name(name: str) -> str:
    """Return a name of the platform's as Glue and Athena take it without quotes: `mlp-dev` becomes `mlp_dev`."""
    return name.replace("-", "_")
