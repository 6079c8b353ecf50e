"""What the gate asks of AWS; clients are made once, with explicit timeouts and retries."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from gate.models import Deployed, DeployedRequest
from platform_contract.layout import VERDICT
from platform_contract.parameters import NO_VERSION

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
REMEDY = "approve a version of this pipeline, or: mlp train --compare-with none (parameter CompareWith=none)"


class VersionGone(Exception):
    """The version that serves cannot be had; the text says what to do."""


class Aws:
    """The calls that the gate makes."""

    def __init__(self) -> None:
        self._cloudformation: Any = boto3.client("cloudformation", config=CONFIG)
        self._sagemaker: Any = boto3.client("sagemaker", config=CONFIG)
        self._s3: Any = boto3.client("s3", config=CONFIG)

    def deployed(self, request: DeployedRequest) -> Deployed:
        """Return the version that serves.

        Raises
        ------
        VersionGone
            If that version is no longer in the registry, or names no artifact.
        """
        none = Deployed(NO_VERSION, request.fallback)
        if request.compare_with == NO_VERSION:
            return none
        arn = self._released(request.stack, request.parameter) if request.stack else self._newest_approved(request.group)
        return none if arn == NO_VERSION else Deployed(arn.rpartition("/")[2], self._artifact(arn))

    def _released(self, stack: str, parameter: str) -> str:
        """Return the version that a serving stack was given; none before its first deployment and release."""
        try:
            described = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return NO_VERSION
            raise
        values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in described.get("Parameters", [])}
        return str(values.get(parameter, NO_VERSION))

    def _newest_approved(self, group: str) -> str:
        paginator = self._sagemaker.get_paginator("list_model_packages")
        pages = paginator.paginate(ModelPackageGroupName=group, ModelApprovalStatus="Approved")
        arns = [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
        return max(arns, key=lambda arn: int(arn.rpartition("/")[2]), default=NO_VERSION)

    def _artifact(self, arn: str) -> str:
        try:
            described = self._sagemaker.describe_model_package(ModelPackageName=arn)
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            raise VersionGone(f"{arn} serves, but is no longer in the registry; {REMEDY}") from None
        artifact = described["InferenceSpecification"]["Containers"][0].get("ModelDataUrl")
        if artifact is None:
            raise VersionGone(f"{arn} serves, but names no artifact (ModelDataUrl); {REMEDY}")
        return str(artifact)

    def read(self, prefix: str, *names: str) -> dict[str, str | None]:
        """Return the text of each object below `prefix`; None for one that is not there.

        They are listed first: who may not list a bucket is told 403 about an object that is not there.
        """
        bucket, key = _place(prefix)
        listed = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{key}/")
        present = {entry["Key"] for page in listed for entry in page.get("Contents", [])}
        return {name: self._text(bucket, f"{key}/{name}") if f"{key}/{name}" in present else None for name in names}

    def _text(self, bucket: str, key: str) -> str:
        content: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content.decode(errors="replace")

    def write_verdict(self, prefix: str, text: str) -> None:
        """Write gate.json below `prefix`."""
        bucket, key = _place(prefix)
        self._s3.put_object(Bucket=bucket, Key=f"{key}/{VERDICT}", Body=text.encode(), ContentType="application/json")


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").rstrip("/").partition("/")
    return bucket, key
