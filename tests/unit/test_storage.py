"""The buckets and the key."""

import pytest
from aws_cdk import Duration

from ml_platform import PlatformStorage
from tests.helpers import new_stack, of_type, template_of


def storage(**values) -> dict:
    stack = new_stack()
    PlatformStorage(stack, "Storage", **values)
    return template_of(stack)


def test_all_buckets_are_private_versioned_encrypted_and_hygienic() -> None:
    for bucket in of_type(storage(), "AWS::S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any(rule.get("AbortIncompleteMultipartUpload") == {"DaysAfterInitiation": 7} for rule in rules)
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_data_and_artifacts_use_the_rotating_key_and_log_their_access() -> None:
    template = storage()
    assert [key["EnableKeyRotation"] for key in of_type(template, "AWS::KMS::Key")] == [True]
    logged = [bucket for bucket in of_type(template, "AWS::S3::Bucket") if "LoggingConfiguration" in bucket]
    assert len(logged) == 2
    for bucket in logged:
        rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_every_bucket_refuses_plain_http() -> None:
    policies = of_type(storage(), "AWS::S3::BucketPolicy")
    assert len(policies) == 3
    for policy in policies:
        denials = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert any(s["Condition"].get("Bool") == {"aws:SecureTransport": "false"} for s in denials)


@pytest.mark.parametrize(("destroy", "expected"), [(False, "Retain"), (True, "Delete")])
def test_data_outlives_the_stack_unless_it_may_be_destroyed(destroy: bool, expected: str) -> None:
    kept = {"AWS::S3::Bucket", "AWS::KMS::Key"}
    entries = [entry for entry in storage(destroy=destroy)["Resources"].values() if entry["Type"] in kept]
    assert {entry["DeletionPolicy"] for entry in entries} == {expected}


def test_retention_is_what_is_asked_for() -> None:
    template = storage(noncurrent_retention=Duration.days(7), log_retention=Duration.days(11))
    rules = [rule for bucket in of_type(template, "AWS::S3::Bucket") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert {r["NoncurrentVersionExpiration"]["NoncurrentDays"] for r in rules if "NoncurrentVersionExpiration" in r} == {7}
    assert {r["ExpirationInDays"] for r in rules if "ExpirationInDays" in r} == {11}


def test_two_of_them_fit_into_one_stack() -> None:
    stack = new_stack()
    PlatformStorage(stack, "One")
    PlatformStorage(stack, "Two")
    assert len(of_type(template_of(stack), "AWS::S3::Bucket")) == 6
