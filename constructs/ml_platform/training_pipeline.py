"""From raw data to a registered version, as a SageMaker pipeline under one role per duty."""

import json

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.code_bundle import CodeBundle
from ml_platform.framework_image import FrameworkImage
from ml_platform.model_code import ModelCode, TrainingJobs, TrainingStorage
from ml_platform.model_registry import ModelRegistry
from ml_platform.quality_gate import QualityGate
from ml_platform.training_roles import TrainingRoles
from ml_platform.training_steps import TrainingSteps


class TrainingPipeline(Construct):
    """Pipeline that turns raw data under `s3://<data>/datasets/<dataset>/raw/` into a version in the registry.

    ```
    prepare -> train -> evaluate -> judge -> gate -> register | gate-missed
    live ---------------^
    ```

    The new model and the version that serves are judged on the same test set. A model that misses its gate fails the execution,
    with the reasons, and nothing is registered. All jobs run without network access.

    An execution takes the parameters `InputData` (an s3:// prefix; required), `Dataset` (such as `spam@3`; default
    `unversioned`) and `CompareWith` (`live`, or `none` where there is nothing worth comparing with).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        code: ModelCode,
        image: FrameworkImage,
        gate: QualityGate,
        registry: ModelRegistry,
        storage: TrainingStorage,
        jobs: TrainingJobs,
    ) -> None:
        """Create the pipeline and its roles.

        Parameters
        ----------
        pipeline_name
            Name, at most 256 characters.
        code
            Scripts, what they share, hyperparameters, dataset.
        image
            Framework container that runs them.
        gate
            Rules that a model must keep, and whether it is approved when it does.
        registry
            Receives the versions.
        storage
            Where raw data lies, where results go, what encrypts them.
        jobs
            Machines, and whether earlier results are taken again.
        """
        super().__init__(scope, construct_id)
        self.bundle = CodeBundle(self, "Code", folder=code.folder, shared=code.shared)
        self.roles = TrainingRoles(
            self, "Roles", code=code, storage=storage, bundle=self.bundle, image=image, registry=registry, gate=gate.function
        )
        steps = TrainingSteps(
            code=code,
            bundle=self.bundle,
            image=image,
            gate=gate,
            registry=registry,
            roles=self.roles,
            storage=storage,
            jobs=jobs,
        )
        self.pipeline = self._build_pipeline(pipeline_name, steps)

    def _build_pipeline(self, name: str, steps: TrainingSteps) -> sagemaker.CfnPipeline:
        # References inside are texts, which CDK fills in wherever they stand.
        definition = json.dumps(steps.definition().render(), separators=(",", ":"), ensure_ascii=False)
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            pipeline_definition={"PipelineDefinitionBody": definition},
            role_arn=self.roles.pipeline.arn,
        )
        pipeline.node.add_dependency(*self.roles.policies)
        return pipeline
