"""What a model must keep to get into the registry, and what judges it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ml_platform.training.gate_function import GateFunction
from platform_contract.gate import GateRule
from platform_contract.parameters import MODEL_PACKAGE_ARN

__all__ = ["GateRule", "QualityGate"]


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """Rules, what judges by them, and what a model that passes becomes."""

    rules: Sequence[GateRule]
    """All must hold; at least one."""
    function: GateFunction | None = None
    """Finds the version that serves, and judges; several pipelines may share one. Default: each pipeline has its own."""
    serving_stack: str | None = None
    """Stack whose parameter names the version that serves. Default: the newest approved version counts as serving."""
    serving_parameter: str = MODEL_PACKAGE_ARN
    """That parameter: `ModelEndpoint.version_parameter`. Default: ModelPackageArn."""
    approve: bool = False
    """Whether a model that passes is registered as Approved, and so released at once. Default: it waits for a person."""

    def __post_init__(self) -> None:
        """Check that there is a gate at all."""
        if not self.rules:
            raise ValueError("a gate needs at least one rule, else every model would pass; add one")
