"""URIs of AWS's framework containers in every region, from committed data."""

import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from aws_cdk import CfnMapping
from constructs import Construct

from ml_platform.read_once import place_of

_DATA = Path(__file__).parent / "images/framework_images.json"


class FrameworkImage(Construct):
    """One pinned framework container; its registry account differs per region.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
    """

    def __init__(self, scope: Construct, construct_id: str, *, framework: str, version: str) -> None:
        """Look the image up.

        Parameters
        ----------
        framework
            Family, such as `sklearn`.
        version
            Image version, such as `1.9-0`.

        Raises
        ------
        ValueError
            If the family or the version is unknown, or the stack's region has no such image.
        """
        super().__init__(scope, construct_id)
        self.framework = framework
        self._entry = _lookup(framework, version)
        self._tag = self._entry["tags"][version]
        self._place = place_of(scope)
        self._check_region(framework)

    @cached_property
    def uri(self) -> str:
        """Image URI in the stack's region, correct in every partition."""
        registry = f"{self._account}.dkr.ecr.{self._place.region}.{self._place.url_suffix}"
        return f"{registry}/{self._entry['repository']}:{self._tag}"

    @cached_property
    def repository_arn(self) -> str:
        """ARN of the repository, which belongs to an AWS account."""
        place = self._place
        return f"arn:{place.partition}:ecr:{place.region}:{self._account}:repository/{self._entry['repository']}"

    @cached_property
    def _account(self) -> str:
        """The registry's account; looked up at deployment where the region is known only then."""
        accounts: dict[str, str] = self._entry["accounts"]
        if self._place.region_is_known:
            return accounts[self._place.region]
        mapping = CfnMapping(
            self, "Accounts", lazy=True, mapping={region: {"account": account} for region, account in accounts.items()}
        )
        return mapping.find_in_map(self._place.region, "account")

    def _check_region(self, framework: str) -> None:
        region = self._place.region
        if self._place.region_is_known and region not in self._entry["accounts"]:
            raise ValueError(
                f"AWS offers no {framework} image in region {region!r}; allowed: {', '.join(self._entry['accounts'])}"
            )


@cache
def _images() -> dict[str, dict[str, Any]]:
    images: dict[str, dict[str, Any]] = json.loads(_DATA.read_text())
    return images


def _lookup(framework: str, version: str) -> dict[str, Any]:
    images = _images()
    if framework not in images:
        raise ValueError(f"unknown framework {framework!r}; allowed: {', '.join(images)}")
    entry = images[framework]
    if version not in entry["tags"]:
        raise ValueError(f"unknown {framework} image version {version!r}; allowed: {', '.join(entry['tags'])}")
    return entry
