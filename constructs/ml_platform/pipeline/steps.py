"""Steps that decide and record: condition, register, fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ml_platform.pipeline.expressions import Expression, JsonGet
from ml_platform.pipeline.jobs import ProcessingStep, TrainingStep


@dataclass(frozen=True, kw_only=True)
class RegisterStep:
    """A new version in a model package group.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
    """

    name: str
    group_name: str
    image_uri: str
    model_data: Expression
    environment: Mapping[str, str]
    content_type: str
    statistics: Expression
    """Where the evaluation's JSON lies."""
    approval: Literal["PendingManualApproval", "Approved"] = "PendingManualApproval"

    def render(self) -> dict[str, Any]:
        """Render as a step of the definition."""
        container = {
            "Image": self.image_uri,
            "ModelDataUrl": self.model_data,
            "Environment": dict(self.environment),
        }
        arguments = {
            "ModelPackageGroupName": self.group_name,
            "ModelApprovalStatus": self.approval,
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": [self.content_type],
                "SupportedResponseMIMETypes": [self.content_type],
            },
            "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": self.statistics}}},
        }
        return {"Name": self.name, "Type": "RegisterModel", "Arguments": arguments}


@dataclass(frozen=True, kw_only=True)
class FailStep:
    """Ends the execution as Failed."""

    name: str
    message: str

    def render(self) -> dict[str, Any]:
        """Render as a step of the definition."""
        return {"Name": self.name, "Type": "Fail", "Arguments": {"ErrorMessage": self.message}}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Comparison of a value in a property file with a constant."""

    left: JsonGet
    operator: Literal["GreaterThanOrEqualTo", "LessThanOrEqualTo"]
    right: float

    def render(self) -> dict[str, Any]:
        """Render as an element of Conditions."""
        return {"Type": self.operator, "LeftValue": self.left.render(), "RightValue": self.right}


@dataclass(frozen=True, kw_only=True)
class ConditionStep:
    """Runs `if_steps` where all conditions hold, else `else_steps`."""

    name: str
    conditions: Sequence[Condition]
    if_steps: Sequence["Step"]
    else_steps: Sequence["Step"]

    def render(self) -> dict[str, Any]:
        """Render as a step of the definition."""
        arguments = {
            "Conditions": [condition.render() for condition in self.conditions],
            "IfSteps": [step.render() for step in self.if_steps],
            "ElseSteps": [step.render() for step in self.else_steps],
        }
        return {"Name": self.name, "Type": "Condition", "Arguments": arguments}


Step = ProcessingStep | TrainingStep | RegisterStep | FailStep | ConditionStep
