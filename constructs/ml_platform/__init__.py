"""Constructs for the machine-learning life cycle on AWS SageMaker: secure, cost-safe defaults, one role per duty."""

from ml_platform.alerts import AlertsTopic
from ml_platform.endpoint_options import CaptureOptions, ProductionVariant
from ml_platform.endpoint_release import ReleaseOptions
from ml_platform.endpoint_scaling import ScalingOptions
from ml_platform.framework_image import FrameworkImage
from ml_platform.gate_function import GateFunction
from ml_platform.invocable import InvocableEndpoint
from ml_platform.model_code import JobResources, ModelCode, TrainingJobs, TrainingStorage
from ml_platform.model_endpoint import ModelEndpoint
from ml_platform.model_execution_role import ModelExecutionRole
from ml_platform.model_registry import ModelRegistry
from ml_platform.notebook.client_bundle import ClientBundle
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.notebook_instance import NotebookInstance
from ml_platform.notebook.options import IdleShutdown, KeepHours, NotebookMachine, NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.notebook.watchdog import NotebookWatchdog
from ml_platform.notebook.watchdog_options import NightlyStop, WatchdogOptions, WatchedNotebook
from ml_platform.prediction_api import PredictionApi, Throttle
from ml_platform.prediction_route import PredictionRoute, RequestContract
from ml_platform.promotion import PromotedModel, Promotion
from ml_platform.quality_gate import GateRule, QualityGate
from ml_platform.registered_model import RegisteredModel
from ml_platform.release_role import ReleaseRole
from ml_platform.storage import PlatformStorage
from ml_platform.training_pipeline import TrainingPipeline
from platform_contract.names import PlatformNames

__all__ = [
    "AlertsTopic",
    "CaptureOptions",
    "ClientBundle",
    "FrameworkImage",
    "GateFunction",
    "GateRule",
    "IdleShutdown",
    "InvocableEndpoint",
    "JobResources",
    "KeepHours",
    "ModelCode",
    "ModelEndpoint",
    "ModelExecutionRole",
    "ModelRegistry",
    "NightlyStop",
    "NotebookInstance",
    "NotebookMachine",
    "NotebookNetwork",
    "NotebookOwner",
    "NotebookWatchdog",
    "NotebookWork",
    "PlatformNames",
    "PlatformStorage",
    "PredictionApi",
    "PredictionRoute",
    "ProductionVariant",
    "PromotedModel",
    "Promotion",
    "QualityGate",
    "RegisteredModel",
    "ReleaseOptions",
    "ReleaseRole",
    "RequestContract",
    "ScalingOptions",
    "Throttle",
    "TrainingJobs",
    "TrainingPipeline",
    "TrainingStorage",
    "WatchdogOptions",
    "WatchedNotebook",
]
