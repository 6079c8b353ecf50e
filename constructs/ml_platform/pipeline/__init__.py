"""Typed steps of a SageMaker pipeline and the deterministic definition that they render."""

from ml_platform.pipeline.definition import Parameter, PipelineDefinition
from ml_platform.pipeline.expressions import JsonGet, execution_id, join, parameter, step_property
from ml_platform.pipeline.jobs import Channel, ProcessingInput, ProcessingOutput, ProcessingStep, TrainingStep
from ml_platform.pipeline.steps import Condition, ConditionStep, FailStep, RegisterStep

__all__ = [
    "Channel",
    "Condition",
    "ConditionStep",
    "FailStep",
    "JsonGet",
    "Parameter",
    "PipelineDefinition",
    "ProcessingInput",
    "ProcessingOutput",
    "ProcessingStep",
    "RegisterStep",
    "TrainingStep",
    "execution_id",
    "join",
    "parameter",
    "step_property",
]
