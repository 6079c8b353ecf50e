"""Constructs for the machine-learning life cycle on AWS SageMaker: secure, cost-safe defaults, one role per duty."""

from ml_platform.alerts import AlertsTopic
from ml_platform.endpoint_options import CaptureOptions, Fleet
from ml_platform.endpoint_release import ReleaseOptions
from ml_platform.endpoint_scaling import ScalingOptions
from ml_platform.framework_image import FrameworkImage
from ml_platform.invocable import InvocableEndpoint
from ml_platform.model_code import JobResources, ModelCode, TrainingJobs, TrainingStorage
from ml_platform.model_endpoint import ModelEndpoint
from ml_platform.model_gate import ModelGate
from ml_platform.model_registry import ModelRegistry
from ml_platform.model_role import ModelRole
from ml_platform.notebook.backstop import NotebookBackstop
from ml_platform.notebook.backstop_options import BackstopOptions, GuardedNotebook, NightlyStop
from ml_platform.notebook.client_bundle import ClientBundle
from ml_platform.notebook.idle_notebook import IdleNotebook
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.options import IdleOptions, KeepHours, NotebookMachine, NotebookWork
from ml_platform.notebook.owner import NotebookOwner
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
    "BackstopOptions",
    "CaptureOptions",
    "ClientBundle",
    "Fleet",
    "FrameworkImage",
    "GateRule",
    "GuardedNotebook",
    "IdleNotebook",
    "IdleOptions",
    "InvocableEndpoint",
    "JobResources",
    "KeepHours",
    "ModelCode",
    "ModelEndpoint",
    "ModelGate",
    "ModelRegistry",
    "ModelRole",
    "NightlyStop",
    "NotebookBackstop",
    "NotebookMachine",
    "NotebookNetwork",
    "NotebookOwner",
    "NotebookWork",
    "PlatformNames",
    "PlatformStorage",
    "PredictionApi",
    "PredictionRoute",
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
]
