"""CreateModel: where model data may lie, what AWS refuses, what is refused by name because it would not be served so."""

from typing import Any

import pytest

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.endpoints.models import Models, _only_container
from local_aws.sagemaker.model_data import ModelData, model_data
from local_aws.sagemaker.store import Store


def source(**changes: str) -> dict[str, Any]:
    return {
        "ModelDataSource": {
            "S3DataSource": {"S3Uri": "s3://b/m/", "S3DataType": "S3Prefix", "CompressionType": "None", **changes}
        }
    }


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, None),
        ({"ModelDataUrl": "s3://b/m.tar.gz"}, ModelData("s3://b/m.tar.gz", packed=True)),
        # As aws-cdk's L2 of a model writes it, path-style; and as S3 writes URLs itself.
        ({"ModelDataUrl": "https://s3.eu-central-1.amazonaws.com/b/a/m.tar.gz"}, ModelData("s3://b/a/m.tar.gz", packed=True)),
        ({"ModelDataUrl": "https://s3.amazonaws.com/b/m.tar.gz"}, ModelData("s3://b/m.tar.gz", packed=True)),
        ({"ModelDataUrl": "https://my.b.s3.us-east-1.amazonaws.com/m.tar.gz"}, ModelData("s3://my.b/m.tar.gz", packed=True)),
        ({"ModelDataUrl": "https://s3.cn-north-1.amazonaws.com.cn/b/m.tar.gz"}, ModelData("s3://b/m.tar.gz", packed=True)),
        (source(), ModelData("s3://b/m/", packed=False)),
        (
            source(S3Uri="s3://b/m.tar.gz", S3DataType="S3Object", CompressionType="Gzip"),
            ModelData("s3://b/m.tar.gz", packed=True),
        ),
        (source(S3Uri="s3://b/m.bin", S3DataType="S3Object"), ModelData("s3://b/m.bin", packed=False)),
    ],
)
def test_model_data_is_found_wherever_a_container_names_it(container: dict[str, Any], expected: ModelData | None) -> None:
    assert model_data(container) == expected


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"ModelDataUrl": "https://example.com/m.tar.gz"}, "must be an s3:// URI or an https:// URL of S3"),
        ({"ModelDataUrl": "s3://b/m", **source()}, "cannot specify both ModelDataUrl and ModelDataSource"),
        (source(CompressionType="Gzip"), "CompressionType must be None"),
        (source(S3Uri="s3://b/m"), "must end with a slash"),
        (source(ManifestS3Uri="s3://b/x"), r"does not offer ModelDataSource\.S3DataSource\.ManifestS3Uri; AWS does"),
    ],
)
def test_model_data_that_cannot_be_is_refused(container: dict[str, Any], expected: str) -> None:
    with pytest.raises(ServiceError, match=expected) as caught:
        model_data(container)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, "Either PrimaryContainer or Containers must be specified"),
        (
            {"PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}]},
            "cannot specify both PrimaryContainer and Containers",
        ),
        ({"Containers": [{"Image": "i"}] * 2}, "not an inference pipeline; AWS does both"),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://b/m"}}, "either Image or ModelPackageName"),
        ({"PrimaryContainer": {"Image": "i", "Mode": "MultiModel"}}, "does not offer Mode=MultiModel; AWS does"),
        ({"PrimaryContainer": {"Image": "i", "ImageConfig": {}}}, "does not offer ImageConfig; AWS does"),
    ],
)
def test_containers_that_would_not_be_served_so_are_refused(request_: dict[str, Any], expected: str) -> None:
    with pytest.raises(ServiceError, match=expected):
        _only_container(request_)


@pytest.mark.parametrize(
    "request_", [{"PrimaryContainer": {"Image": "i", "Mode": "SingleModel"}}, {"Containers": [{"Image": "i"}]}]
)
def test_one_container_is_served_under_either_name(request_: dict[str, Any]) -> None:
    assert _only_container(request_)["Image"] == "i"


VARIANT = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"ProductionVariants": [{**VARIANT, "InitialVariantWeight": 0}]}, "InitialVariantWeight above 0"),
        ({"ProductionVariants": [VARIANT], "AsyncInferenceConfig": {}}, "does not offer AsyncInferenceConfig; AWS does"),
        ({"ProductionVariants": [VARIANT], "EnableNetworkIsolation": True}, "does not offer EnableNetworkIsolation=True"),
        ({"ProductionVariants": [{**VARIANT, "ServerlessConfig": {}}]}, r"does not offer ProductionVariants\.ServerlessConfig"),
        ({"ProductionVariants": [VARIANT, VARIANT]}, "Variant names must be unique"),
        ({"ProductionVariants": [VARIANT]}, 'Could not find model "arn'),
    ],
)
def test_configurations_that_would_not_be_served_so_are_refused(request_: dict[str, Any], expected: str) -> None:
    with pytest.raises(ServiceError, match=expected):
        Models(Store())._check_config(Caller("person", "111122223333", "eu-central-1"), request_)
