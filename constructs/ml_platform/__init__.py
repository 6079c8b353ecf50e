"""Constructs for the machine-learning life cycle on AWS SageMaker: secure, cost-safe defaults, one role per duty."""

from ml_platform.common.alerts import AlertsTopic
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.common.vpc_network import VpcNetwork
from ml_platform.data.storage import PlatformStorage
from ml_platform.notebook.client_bundle import ClientBundle
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.notebook_instance import NotebookInstance
from ml_platform.notebook.options import IdleShutdown, KeepHours, NotebookMachine, NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.notebook.watchdog import NotebookWatchdog
from ml_platform.notebook.watchdog_options import WatchdogOptions
from ml_platform.serving.endpoint_options import CaptureOptions, ProductionVariant
from ml_platform.serving.endpoint_release import ReleaseOptions
from ml_platform.serving.endpoint_scaling import ScalingOptions
from ml_platform.serving.invocable import InvocableEndpoint
from ml_platform.serving.model_endpoint import ModelEndpoint
from ml_platform.serving.model_execution_role import ModelExecutionRole
from ml_platform.serving.prediction_api import PredictionApi, Throttle
from ml_platform.serving.prediction_route import PredictionRoute, RequestContract
from ml_platform.serving.promotion import Promotion
from ml_platform.serving.release_role import ReleaseRole
from ml_platform.training.gate_function import GateFunction
from ml_platform.training.model_code import JobResources, ModelCode, TrainingJobs, TrainingStorage
from ml_platform.training.model_registry import ModelRegistry
from ml_platform.training.quality_gate import GateRule, QualityGate
from ml_platform.training.registered_model import RegisteredModel
from ml_platform.training.training_pipeline import TrainingPipeline
from platform_contract.names import PlatformNames
from platform_contract.notebooks import NightlyStop, WatchedNotebook
from platform_contract.promotion import PromotedModel

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
    "VpcNetwork",
    "WatchdogOptions",
    "WatchedNotebook",
]
