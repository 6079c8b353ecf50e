"""Datasets as tables: what Glue and Athena are given, and which settings are refused."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from ml_platform import PlatformStorage
from ml_platform.data.dataset_table import HIGHEST_VERSION, DatasetCatalog, TableFormat
from mlp.datasets.manifest import MAX_VERSION
from settings.datasets import DatasetSection, QueriesSection, TableSection
from settings.unique_keys import UniqueKeyLoader
from tests.helpers import new_stack, of_type, template_of

COLUMNS = {"crl_tot": "int", "dollar": "double", "yesno": "string"}


def catalog(**values) -> tuple:
    stack = new_stack()
    storage = PlatformStorage(stack, "Storage")
    found = DatasetCatalog(
        stack, "Datasets", prefix="mlp-dev", data=storage.data, artifacts=storage.artifacts, key=storage.key, **values
    )
    return stack, found


def table(*arguments) -> dict:
    stack, found = catalog()
    found.add_table("web-logs", COLUMNS, *arguments)
    return of_type(template_of(stack), "AWS::Glue::Table")[0]["TableInput"]


def test_a_dataset_is_a_table_of_typed_columns_with_a_partition_for_each_version() -> None:
    found = table()
    assert (found["Name"], found["TableType"]) == ("web_logs", "EXTERNAL_TABLE")
    assert found["PartitionKeys"] == [{"Name": "version", "Type": "int"}]
    storage = found["StorageDescriptor"]
    assert storage["Columns"] == [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()]
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith("LazySimpleSerDe")
    assert storage["SerdeInfo"]["Parameters"] == {"field.delim": ",", "serialization.format": ","}
    assert found["Parameters"]["skip.header.line.count"] == "1"


def test_partitions_are_computed_so_that_no_crawler_runs() -> None:
    stack, found = catalog()
    found.add_table("spam", COLUMNS)
    template = template_of(stack)
    parameters = of_type(template, "AWS::Glue::Table")[0]["TableInput"]["Parameters"]
    assert parameters["projection.enabled"] == "true" and parameters["projection.version.type"] == "integer"
    assert parameters["projection.version.range"] == f"1,{MAX_VERSION}" and HIGHEST_VERSION == MAX_VERSION
    assert parameters["storage.location.template"]["Fn::Join"][1][-1] == "/datasets/spam/raw/version=${version}/"
    assert not of_type(template, "AWS::Glue::Crawler")


def test_quoted_files_other_delimiters_and_folders() -> None:
    found = table(TableFormat(header_rows=0, delimiter=";", quoted=True), "2026/01")
    serde = found["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"].endswith("OpenCSVSerde") and serde["Parameters"]["separatorChar"] == ";"
    assert "skip.header.line.count" not in found["Parameters"]
    assert found["Parameters"]["storage.location.template"]["Fn::Join"][1][-1].endswith("version=${version}/2026/01/")


def test_parquet_brings_its_own_format() -> None:
    found = table(TableFormat(kind="parquet"))
    assert found["Parameters"]["classification"] == "parquet" and "skip.header.line.count" not in found["Parameters"]
    assert "ParquetHiveSerDe" in found["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]


def test_the_workgroup_holds_every_query_to_encryption_and_a_limit() -> None:
    stack, _ = catalog()
    (group,) = of_type(template_of(stack), "AWS::Athena::WorkGroup")
    configuration = group["WorkGroupConfiguration"]
    assert group["Name"] == "mlp-dev" and group["RecursiveDeleteOption"] is False
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == 10_000_000_000
    result = configuration["ResultConfiguration"]
    assert result["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS" and result["EncryptionConfiguration"]["KmsKey"]
    assert result["OutputLocation"]["Fn::Join"][1][-1] == "/queries/"


def test_results_of_queries_expire_and_the_limit_is_what_is_asked_for() -> None:
    stack, _ = catalog(scan_limit_bytes=10_000_000, destroy=True)
    template = template_of(stack)
    rules = [rule for bucket in of_type(template, "AWS::S3::Bucket") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert [(r["Prefix"], r["ExpirationInDays"]) for r in rules if r["Id"] == "query-results"] == [("queries/", 30)]
    (group,) = of_type(template, "AWS::Athena::WorkGroup")
    assert group["WorkGroupConfiguration"]["BytesScannedCutoffPerQuery"] == 10_000_000
    assert group["RecursiveDeleteOption"] is True


def test_wrong_limits_and_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="got 9999999; Athena takes at least 10000000"):
        catalog(scan_limit_bytes=9_999_999)
    with pytest.raises(ValueError, match="version is the number of the dataset's version"):
        catalog()[1].add_table("spam", {"version": "int"})


def test_two_tables_fit_into_one_catalog() -> None:
    stack, found = catalog()
    found.add_table("one", COLUMNS)
    found.add_table("the-other", COLUMNS)
    assert [entry["TableInput"]["Name"] for entry in of_type(template_of(stack), "AWS::Glue::Table")] == ["one", "the_other"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "Field required"),
        ({"columns": {}}, "at least 1 item"),
        ({"columns": {"Crl": "int"}}, "column 'Crl': Glue takes lower-case letters"),
        ({"columns": {"1a": "int"}}, "column '1a'"),
        ({"columns": {"version": "int"}}, "column 'version' is the number of the dataset's version"),
        (
            {"columns": {"a": "number", "b": "text"}},
            "column 'a': got type 'number'.*; column 'b': got type 'text'; allowed: bool",
        ),
        ({"columns": {"a": "decimal(39,2)"}}, "a decimal has 1 to 38 digits"),
        ({"columns": {"a": "decimal(4,5)"}}, "a decimal has 1 to 38 digits"),
        ({"columns": {"a": "char(256)"}}, "char takes up to 255"),
        ({"columns": {"a": "int"}, "header_rows": -1}, "greater than or equal to 0"),
        ({"columns": {"a": "int"}, "format": "xlsx"}, "'csv' or 'parquet'"),
        ({"columns": {"a": "int"}, "delimiter": "x"}, "Input should be ','"),
        ({"columns": {"a": "int", "b": "string"}, "quoted": True}, "declare a as string and cast in queries"),
        ({"columns": {"a": "int"}, "format": "parquet", "header_rows": 1}, "header_rows: only CSV files have that"),
        ({"columns": {"a": "int"}, "folder": "../x"}, "should match pattern"),
        ({"columns": {"a": "int"}, "location": "s3://b/"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_tables_are_refused(values: dict, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        TableSection.model_validate(values)


@pytest.mark.parametrize(
    "kind", ["int", "double", "string", "decimal(10,2)", "decimal(38,38)", "varchar(65535)", "char(1)", "date"]
)
def test_glues_types_are_taken(kind: str) -> None:
    assert TableSection(columns={"a": kind}).columns == {"a": kind}


def test_a_dataset_may_have_no_table_and_queries_have_a_limit() -> None:
    assert DatasetSection().table is None and QueriesSection().max_scanned_gb == 10
    with pytest.raises(ValidationError, match=r"greater than or equal to 0\.01"):
        QueriesSection(max_scanned_gb=0.001)


def test_a_column_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match="the key 'a' is given twice"):
        yaml.load("columns: {a: int, b: int, a: double}", UniqueKeyLoader)
    assert yaml.load("{x: {a: 1}, y: {a: 2}, z: [&k {a: 3}, *k]}", UniqueKeyLoader)["x"] == {"a": 1}
