"""The defaults file of the SageMaker SDK; tests/sdk proves what the SDK makes of it."""

import aws_cdk as cdk
import pytest
import yaml

from ml_platform.notebook.sdk_defaults import render_sdk_defaults

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
VALUES = {
    "role_arn": f"arn:aws:iam::{ACCOUNT}:role/mlp-prod-Notebooks-ChurnTeamNotebookJobRoleA1B2C3D4-AbCdEfGhIjKl",
    "bucket": "mlp-prod-foundation-storageartifactsbucketb19151bf-abcdefghijkl",
    "prefix": "notebooks/churn-team/jobs",
    "key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0339abd0-8a7d-42e4-919b-912376591ad1",
    "subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
    "security_groups": ["sg-0a1b2c3d4e5f60718"],
    "tags": {"ml-platform:notebook": "churn-team", "ml-platform:environment": "mlp-prod"},
}
TAGS = [{"Key": "ml-platform:notebook", "Value": "churn-team"}, {"Key": "ml-platform:environment", "Value": "mlp-prod"}]


def rendered(**changes: object) -> dict:
    return yaml.safe_load(render_sdk_defaults(**{**VALUES, **changes}))


def test_the_file_has_every_default_at_the_place_where_the_sdk_looks_for_it() -> None:
    assert rendered() == {
        "SchemaVersion": "1.0",
        "SageMaker": {
            "PythonSDK": {
                "Modules": {
                    "TelemetryOptOut": True,
                    "Session": {"DefaultS3Bucket": VALUES["bucket"], "DefaultS3ObjectKeyPrefix": VALUES["prefix"]},
                    "ModelTrainer": {
                        "networking": {"subnets": VALUES["subnets"], "security_group_ids": VALUES["security_groups"]},
                    },
                }
            },
            "TrainingJob": {"RoleArn": VALUES["role_arn"]},
            "Model": {"Tags": TAGS, "VpcConfig": {"Subnets": VALUES["subnets"], "SecurityGroupIds": VALUES["security_groups"]}},
            "EndpointConfig": {"KmsKeyId": VALUES["key_arn"], "Tags": TAGS},
            "Endpoint": {"Tags": TAGS},
        },
    }


def test_a_notebook_without_a_network_of_its_own_names_none() -> None:
    sagemaker = rendered(subnets=[], security_groups=[])["SageMaker"]
    assert set(sagemaker["Model"]) == {"Tags"}
    assert set(sagemaker["PythonSDK"]["Modules"]) == {"TelemetryOptOut", "Session"}


def test_the_file_with_the_longest_usual_values_leaves_room_for_the_lifecycle_script() -> None:
    assert len(render_sdk_defaults(**VALUES).encode()) < 900


def test_the_file_is_plain_ascii_whatever_the_values() -> None:
    text = render_sdk_defaults(**{**VALUES, "tags": {"team": 'Büro "Süd": #1'}})
    assert text.isascii()
    assert yaml.safe_load(text)["SageMaker"]["Endpoint"]["Tags"] == [{"Key": "team", "Value": 'Büro "Süd": #1'}]


def test_values_may_be_tokens_that_cloudformation_resolves() -> None:
    stack = cdk.Stack()
    key, bucket = cdk.aws_kms.Key(stack, "Key"), cdk.aws_s3.Bucket(stack, "Bucket")
    text = stack.resolve(render_sdk_defaults(**{**VALUES, "key_arn": key.key_arn, "bucket": bucket.bucket_name}))
    parts = text["Fn::Join"][1]
    assert {"Ref": "Bucket83908E77"} in parts
    assert {"Fn::GetAtt": ["Key961B73FD", "Arn"]} in parts
    joined = "".join(part if isinstance(part, str) else "resolved" for part in parts)
    assert yaml.safe_load(joined)["SageMaker"]["EndpointConfig"]["KmsKeyId"] == "resolved"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"security_groups": []}, "got 2 subnets and 0 security groups"),
        ({"subnets": []}, "got 0 subnets and 1 security groups"),
        ({"prefix": "notebooks/demo/"}, "got 'notebooks/demo/'"),
        ({"prefix": ""}, "without a slash"),
        ({"tags": {}}, "tags must not be empty"),
    ],
)
def test_what_the_sdk_would_misunderstand_is_refused(changes: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        render_sdk_defaults(**{**VALUES, **changes})
