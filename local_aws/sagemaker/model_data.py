"""Where a container's model data lies: one archive, objects below a prefix, or nowhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.errors import invalid
from local_aws.sagemaker.offer import refuse

HTTPS = (
    re.compile(r"https://s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<bucket>[^/]+)/(?P<key>.+)"),
    re.compile(r"https://(?P<bucket>[^/]+?)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<key>.+)"),
)
"""S3's own addresses, as CDK's L2 writes them. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html"""

NOT_OFFERED = tuple(f"ModelDataSource.S3DataSource.{member}" for member in ("HubAccessConfig", "ManifestEtag", "ManifestS3Uri"))


@dataclass(frozen=True)
class ModelData:
    """Model data in S3."""

    uri: str
    """s3:// URI of the archive, or of the prefix."""
    packed: bool
    """Whether it is a tar.gz, which is unpacked, or objects, which are copied as they are."""


def model_data(container: Mapping[str, Any]) -> ModelData | None:
    """Return what a container definition names; None where it names nothing, and the image brings its model.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html

    Raises
    ------
    ServiceError
        If it names two, or one in a form that AWS has and the embedded AWS has not.
    """
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        return ModelData(s3_uri(container["ModelDataUrl"]), packed=True) if "ModelDataUrl" in container else None
    if "ModelDataUrl" in container:
        raise invalid("You cannot specify both ModelDataUrl and ModelDataSource for one container")
    refuse(container, NOT_OFFERED)
    kinds = (source["S3DataType"], source["CompressionType"])
    if kinds == ("S3Prefix", "Gzip"):
        raise invalid("With S3DataType S3Prefix, CompressionType must be None: a prefix holds objects, not one archive")
    if kinds == ("S3Prefix", "None") and not source["S3Uri"].endswith("/"):
        raise invalid(f"S3Uri of a prefix must end with a slash, got {source['S3Uri']}")
    return ModelData(source["S3Uri"], packed=source["CompressionType"] == "Gzip")


def s3_uri(address: str) -> str:
    """Return the s3:// URI of an address of S3, which may be an https:// URL."""
    if address.startswith("s3://"):
        return address
    for pattern in HTTPS:
        if found := pattern.fullmatch(address):
            return f"s3://{found['bucket']}/{found['key']}"
    raise invalid(f"ModelDataUrl must be an s3:// URI or an https:// URL of S3, got {address}")
