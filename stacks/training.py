"""Training-<model>: pipeline, its roles, and the registry of versions."""

from pathlib import Path

from aws_cdk import CfnOutput, Duration, Size
from constructs import Construct

from ml_platform import (
    FrameworkImage,
    GateThreshold,
    JobResources,
    ModelCode,
    ModelRegistry,
    PlatformStorage,
    TrainingPipeline,
)
from stacks.base import PlatformStack, StackContext
from stacks.settings import ModelSettings
from stacks.settings.training import ProcessingSection, TrainingSection


class TrainingStack(PlatformStack):
    """Everything that turns one model's raw data into registered versions."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        model: ModelSettings,
        storage: PlatformStorage,
        destroy: bool,
    ) -> None:
        """Create the pipeline of `model`; `destroy` deletes its registry with the stack."""
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
            code=ModelCode(name=definition.name, folder=Path(model.folder), hyperparameters=definition.hyperparameters),
            image=self.image,
            gate=[GateThreshold(metric=rule.metric, minimum=rule.minimum, maximum=rule.maximum) for rule in definition.gate],
            registry=self.registry,
            data=storage.data,
            artifacts=storage.artifacts,
            key=storage.key,
            processing=_resources(model.training.processing),
            training=_resources(model.training, model.training.instance_count),
        )
        CfnOutput(self, "PipelineName", value=name)
        CfnOutput(self, "ModelPackageGroupName", value=name)


def _resources(section: ProcessingSection | TrainingSection, count: int = 1) -> JobResources:
    return JobResources(
        instance_type=section.instance_type,
        instance_count=count,
        volume=Size.gibibytes(section.volume_gb),
        max_runtime=Duration.minutes(section.max_runtime_minutes),
    )
