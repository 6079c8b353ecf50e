"""What a condition step can ask. Each renders as an element of Conditions.

Source: https://sagemaker.readthedocs.io/en/stable/workflows/pipelines/sagemaker.workflow.pipelines.html#conditions
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ml_platform.training.pipeline.expressions import Expression, JsonGet

Operand = str | int | float | bool | Expression | JsonGet
Operator = Literal["Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Comparison of two values; at least one should be known only when the pipeline runs."""

    left: Operand
    operator: Operator
    right: Operand

    def render(self) -> dict[str, Any]:
        """Render as an element of Conditions."""
        return {"Type": self.operator, "LeftValue": _render(self.left), "RightValue": _render(self.right)}


@dataclass(frozen=True)
class In:
    """Holds where `value` is one of `options`."""

    value: Operand
    options: Sequence[Operand]

    def render(self) -> dict[str, Any]:
        """Render as an element of Conditions."""
        return {"Type": "In", "QueryValue": _render(self.value), "Values": [_render(option) for option in self.options]}


@dataclass(frozen=True)
class Not:
    """Holds where `condition` does not.

    The definition calls the negated one `Condition`; SageMaker refuses `Expression`, which older SDKs wrote:
    https://github.com/aws/sagemaker-python-sdk/pull/4351
    """

    condition: "AnyCondition"

    def render(self) -> dict[str, Any]:
        """Render as an element of Conditions."""
        return {"Type": "Not", "Condition": self.condition.render()}


@dataclass(frozen=True)
class Or:
    """Holds where one of `conditions` does."""

    conditions: Sequence["AnyCondition"]

    def render(self) -> dict[str, Any]:
        """Render as an element of Conditions."""
        return {"Type": "Or", "Conditions": [condition.render() for condition in self.conditions]}


AnyCondition = Condition | In | Not | Or


def _render(operand: Operand) -> Any:
    return operand.render() if isinstance(operand, JsonGet) else operand
