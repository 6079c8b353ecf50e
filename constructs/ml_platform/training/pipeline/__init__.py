"""Typed steps of a SageMaker pipeline and the deterministic definition that they render."""

from ml_platform.training.pipeline.conditions import Condition, In, Not, Or
from ml_platform.training.pipeline.definition import Parameter, PipelineDefinition
from ml_platform.training.pipeline.expressions import (
    Expression,
    JsonGet,
    execution_id,
    join,
    lambda_output,
    parameter,
    processing_output,
    step_property,
)
from ml_platform.training.pipeline.processing import ProcessingInput, ProcessingOutput, ProcessingStep
from ml_platform.training.pipeline.register import RegisterStep
from ml_platform.training.pipeline.step import Step
from ml_platform.training.pipeline.steps import ConditionStep, FailStep, LambdaStep
from ml_platform.training.pipeline.training import Channel, TrainingStep

__all__ = [
    "Channel",
    "Condition",
    "ConditionStep",
    "Expression",
    "FailStep",
    "In",
    "JsonGet",
    "LambdaStep",
    "Not",
    "Or",
    "Parameter",
    "PipelineDefinition",
    "ProcessingInput",
    "ProcessingOutput",
    "ProcessingStep",
    "RegisterStep",
    "Step",
    "TrainingStep",
    "execution_id",
    "join",
    "lambda_output",
    "parameter",
    "processing_output",
    "step_property",
]
