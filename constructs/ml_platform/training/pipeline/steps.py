"""Steps that decide: call a function, branch, fail."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aws_cdk import aws_lambda as lambda_

from ml_platform.common.cached_tokens import function_arn
from ml_platform.training.pipeline.conditions import AnyCondition
from ml_platform.training.pipeline.expressions import Expression, is_expression
from ml_platform.training.pipeline.step import Step, breaks_pattern

MAX_MESSAGE = 3072
"""Characters in the message of a Fail step (API: FailStepMetadata)."""
MAX_OUTPUTS = 50
"""Outputs of a Lambda step (API: LambdaStepMetadata)."""


@dataclass(frozen=True, kw_only=True)
class LambdaStep(Step):
    """Calls a function and waits for its answer, for at most 10 minutes.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-lambda
    """

    kind: ClassVar[str] = "Lambda"
    function: lambda_.IFunction | str
    """The function, or its ARN. The pipeline's role must be allowed to invoke it."""
    arguments: Mapping[str, str | int | float | bool | Expression] = field(default_factory=dict)
    """The event that the function is given; expressions in it are resolved first. Default: an empty object."""
    outputs: Sequence[str] = ()
    """Keys of the function's answer that other steps read; their values are strings of at most 1,024 characters."""

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        yield from super().problems()
        yield from breaks_pattern("an output's name", self.outputs, "[A-Za-z0-9_.-]{1,256}")
        if len(self.outputs) > MAX_OUTPUTS:
            yield f"{len(self.outputs)} outputs, of which SageMaker takes {MAX_OUTPUTS}"
        if len(set(self.outputs)) < len(self.outputs):
            yield f"two outputs have one name: {', '.join(self.outputs)}"
        for name, value in self.arguments.items():
            if value is None or (isinstance(value, dict | list | tuple) and not is_expression(value)):
                yield f"argument {name!r} must be a string, a number, a boolean or an expression; write what is nested as JSON"

    def missing_property(self, path: str) -> str | None:
        """Return why another step cannot read `path` of this one."""
        if any(path == f"OutputParameters['{name}']" for name in self.outputs):
            return None
        return f"outputs of {self.name!r} are: {', '.join(self.outputs) or 'none'}"

    def _arguments(self) -> dict[str, Any]:
        return dict(self.arguments)

    def _attributes(self) -> dict[str, Any]:
        arn = self.function if isinstance(self.function, str) else function_arn(self.function)
        outputs = [{"OutputName": name, "OutputType": "String"} for name in self.outputs]
        return {"FunctionArn": arn, "OutputParameters": outputs}


@dataclass(frozen=True, kw_only=True)
class FailStep(Step):
    """Ends the execution as Failed.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_FailStepMetadata.html
    """

    kind: ClassVar[str] = "Fail"
    message: str | Expression
    """What the execution's FailureReason says; at most 3,072 characters."""

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        yield from super().problems()
        if isinstance(self.message, str) and len(self.message) > MAX_MESSAGE:
            yield f"the message has {len(self.message)} characters, of which SageMaker takes {MAX_MESSAGE}"

    def missing_property(self, path: str) -> str | None:  # noqa: ARG002
        """Return why another step cannot read `path` of this one."""
        return f"{self.name!r} ends the execution"

    def _arguments(self) -> dict[str, Any]:
        return {"ErrorMessage": self.message}


@dataclass(frozen=True, kw_only=True)
class ConditionStep(Step):
    """Runs `if_steps` where all conditions hold, else `else_steps`; neither may hold a condition step.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html#step-type-condition
    """

    kind: ClassVar[str] = "Condition"
    conditions: Sequence[AnyCondition]
    if_steps: Sequence[Step] = ()
    else_steps: Sequence[Step] = ()

    @property
    def branches(self) -> dict[str, Sequence[Step]]:
        """Steps by the name of their branch."""
        return {"IfSteps": self.if_steps, "ElseSteps": self.else_steps}

    def missing_property(self, path: str) -> str | None:
        """Return why another step cannot read `path` of this one."""
        return None if path == "Outcome" else f"{self.name!r} has the property Outcome only"

    def render_own(self) -> dict[str, Any]:
        """Render without the steps that it holds."""
        return {**self.render(), "Arguments": self._conditions()}

    def problems(self) -> Iterator[str]:
        """Yield what AWS would refuse in this step alone."""
        yield from super().problems()
        if not self.conditions:
            yield "a condition step needs at least one condition"
        for step in [*self.if_steps, *self.else_steps]:
            if isinstance(step, ConditionStep):
                yield f"it holds the condition step {step.name!r}; SageMaker offers no nested conditions, ask both in one step"

    def _arguments(self) -> dict[str, Any]:
        branches = {name: [step.render() for step in steps] for name, steps in self.branches.items()}
        return {**self._conditions(), **branches}

    def _conditions(self) -> dict[str, Any]:
        return {"Conditions": [condition.render() for condition in self.conditions]}
