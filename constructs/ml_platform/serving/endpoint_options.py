"""What an endpoint is given: its production variant, and what is copied of its requests; and what may be wrong with that."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ml_platform.common.problems import TOKEN, instance_type, outside
from ml_platform.serving.endpoint_release import ReleaseOptions
from ml_platform.serving.endpoint_scaling import ScalingOptions
from platform_contract.instances import is_burstable
from platform_contract.names import MAX_NAME


@dataclass(frozen=True, kw_only=True)
class CaptureOptions:
    """Copies of requests and answers."""

    percent: int = 0
    """0 to 100; 0 captures nothing. Default: 0."""


@dataclass(frozen=True, kw_only=True)
class ProductionVariant:
    """Instances behind the endpoint."""

    instance_type: str = "ml.m5.large"
    """SageMaker instance type, of fixed performance where the fleet scales. Default: ml.m5.large."""
    scaling: ScalingOptions = field(default_factory=ScalingOptions)
    """How many there are. Default: one."""

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the type, and with the numbers."""
        yield from instance_type("variant.instance_type", "hosting", self.instance_type)
        yield from (f"variant.scaling.{problem}" for problem in self.scaling.problems())
        if self.scaling.scales and is_burstable(self.instance_type):
            yield (
                f"variant.instance_type is {self.instance_type!r}, which is burstable: its capacity depends on CPU credits, so "
                "it cannot be scaled sensibly; use a type such as ml.m5.large, or max_instances equal to min_instances"
            )


def problems(endpoint_name: str, variant: ProductionVariant, release: ReleaseOptions, capture: CaptureOptions) -> Iterator[str]:
    """Yield all that is wrong with what an endpoint is given."""
    fits = re.fullmatch(r"[a-z0-9](-*[a-z0-9])*", endpoint_name) and len(endpoint_name) <= MAX_NAME
    if TOKEN not in endpoint_name and not fits:
        allowed = f"1 to {MAX_NAME} lower-case letters and digits, with hyphens between them"
        yield f"endpoint_name is {endpoint_name!r} of {len(endpoint_name)} characters; allowed: {allowed}"
    yield from variant.problems()
    yield from (f"release.{problem}" for problem in release.problems(variant.scaling.min_instances))
    yield from outside("capture.percent", capture.percent, 0, 100)
