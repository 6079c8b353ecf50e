"""URIs of AWS's framework containers in every region, from the platform's description of each."""

from functools import cached_property

from aws_cdk import CfnMapping
from constructs import Construct

from ml_platform.common.cached_tokens import arn_scope
from platform_contract import images


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
        self._image = images.find(framework, version)
        self._place = arn_scope(scope)
        self._check_region(framework)

    @cached_property
    def uri(self) -> str:
        """Image URI in the stack's region, correct in every partition."""
        registry = f"{self._account}.dkr.ecr.{self._place.region}.{self._place.url_suffix}"
        return f"{registry}/{self._image.repository}:{self._image.tag}"

    @cached_property
    def repository_arn(self) -> str:
        """ARN of the repository, which belongs to an AWS account."""
        place = self._place
        return f"arn:{place.partition}:ecr:{place.region}:{self._account}:repository/{self._image.repository}"

    @cached_property
    def _account(self) -> str:
        """The registry's account; looked up at deployment where the region is known only then."""
        accounts = self._image.accounts
        if self._place.region_is_known:
            return accounts[self._place.region]
        mapping = CfnMapping(
            self, "Accounts", lazy=True, mapping={region: {"account": account} for region, account in accounts.items()}
        )
        return mapping.find_in_map(self._place.region, "account")

    def _check_region(self, framework: str) -> None:
        region = self._place.region
        if self._place.region_is_known and region not in self._image.accounts:
            raise ValueError(f"AWS offers no {framework} image in region {region!r}; allowed: {', '.join(self._image.accounts)}")
