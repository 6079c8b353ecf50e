"""Training-<model>: pipeline, its roles, and the registry of versions."""

from functools import cache
from pathlib import Path

from aws_cdk import CfnOutput, Duration, Size
from constructs import Construct

from ml_platform import (
    FrameworkImage,
    GateFunction,
    JobResources,
    ModelCode,
    ModelRegistry,
    PlatformStorage,
    QualityGate,
    TrainingJobs,
    TrainingPipeline,
    TrainingStorage,
)
from settings import ModelSettings
from settings.training import ProcessingSection, TrainingSection
from stacks.base import PlatformStack, StackContext

_gibibytes, _minutes = cache(Size.gibibytes), cache(Duration.minutes)
"""Models mostly share their sizes and times; CDK makes each of them once."""


class TrainingStack(PlatformStack):
    """Everything that turns one model's raw data into registered versions."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        model: ModelSettings,
        storage: PlatformStorage,
        gate: GateFunction,
        destroy: bool,
    ) -> None:
        """Create the pipeline of `model`, judged by `gate`; `destroy` deletes its registry with the stack."""
        definition = model.definition
        super().__init__(scope, context, "Training", definition.name)
        name = context.names.model(definition.name)
        framework = definition.framework
        self.image = FrameworkImage(self, "Image", framework=framework.name, version=framework.version)
        self.registry = ModelRegistry(self, "Registry", group_name=name, destroy=destroy)
        self.training = TrainingPipeline(
            self,
            "Training",
            pipeline_name=name,
            code=_code(model),
            image=self.image,
            gate=QualityGate(
                rules=[section.rule for section in definition.gate],
                function=gate,
                serving_stack=context.names.stack("Serving", definition.name) if model.serving else None,
                approve=model.approval == "automatic",
            ),
            registry=self.registry,
            storage=TrainingStorage(data=storage.data, artifacts=storage.artifacts, key=storage.key),
            jobs=_jobs(model.training),
        )
        CfnOutput(self, "PipelineName", value=name)
        CfnOutput(self, "ModelPackageGroupName", value=name)


def _code(model: ModelSettings) -> ModelCode:
    folder = Path(model.folder)
    shared = [folder.parent / package for package in model.definition.shared_packages]
    return ModelCode(
        name=model.definition.name,
        folder=folder,
        hyperparameters=model.definition.hyperparameters,
        dataset=model.definition.dataset_name,
        shared=[package for package in shared if package.is_dir()],
    )


def _jobs(section: TrainingSection) -> TrainingJobs:
    return TrainingJobs(
        processing=_resources(section.processing),
        training=_resources(section, section.instance_count),
        step_cache=Duration.days(section.step_cache_days) if section.step_cache_days else None,
    )


def _resources(section: ProcessingSection | TrainingSection, count: int = 1) -> JobResources:
    return JobResources(
        instance_type=section.instance_type,
        instance_count=count,
        volume=_gibibytes(section.volume_gb),
        max_runtime=_minutes(section.max_runtime_minutes),
    )
