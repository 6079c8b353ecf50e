"""From raw data to a registered version, as a SageMaker pipeline under one role per duty."""

import json
import re
from collections.abc import Iterator

from aws_cdk import Names
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.common.cached_tokens import arn_scope
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.common.problems import TOKEN, not_an_alias, refuse
from ml_platform.common.vpc_network import VpcNetwork
from ml_platform.training.code_bundle import CodeBundle
from ml_platform.training.gate_function import GateFunction
from ml_platform.training.model_code import ModelCode, TrainingJobs
from ml_platform.training.model_registry import ModelRegistry
from ml_platform.training.quality_gate import QualityGate
from ml_platform.training.registered_model import PipelineStorage, RegisteredModel
from ml_platform.training.training_roles import GivenRoles, TrainingRoles
from ml_platform.training.training_steps import TrainingSteps
from platform_contract import images
from platform_contract.names import MAX_NAME

LONGEST_NAME = 256


class TrainingPipeline(Construct):
    """Pipeline that turns raw data under `s3://<data>/datasets/<dataset>/raw/` into a version in the registry.

    ```
    prepare -> train -> evaluate -> check-metrics -> gate -> register | gate-missed
    deployed ---------------^
    ```

    The new model and the version that serves are judged on the same test set. A model that misses its gate fails the execution,
    with the reasons, and nothing is registered. All jobs run without network access.

    An execution takes the parameters `InputData` (an s3:// prefix; required), `Dataset` (such as `spam@3`; default
    `unversioned`) and `CompareWith` (`deployed`, or `none` where there is nothing worth comparing with).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        code: ModelCode,
        gate: QualityGate,
        storage: PipelineStorage,
        pipeline_name: str | None = None,
        image: FrameworkImage | None = None,
        registry: ModelRegistry | None = None,
        role: iam.IRole | None = None,
        jobs: TrainingJobs = TrainingJobs(),  # noqa: B008 - frozen
    ) -> None:
        """Create the pipeline and its roles.

        Parameters
        ----------
        code
            Scripts, what they share, hyperparameters, dataset.
        pipeline_name
            Name, at most 256 characters. Default: made of the construct's path, stable as long as that is.
        image
            Framework container that runs them. Default: the newest scikit-learn that is offered.
        gate
            Rules that a model must keep, and whether it is approved when it does.
        registry
            Receives the versions. Default: a group of its own that is called as the pipeline and kept when the stack is deleted.
        storage
            Where raw data lies, where results go, what encrypts them.
        role
            Runs the pipeline and all its jobs, as it is: nothing is added to it. Default: four of its own, each with what its
            step needs and nothing else.
        jobs
            Machines, and whether earlier results are taken again. Default: one ml.m5.large for an hour at most; never.

        Raises
        ------
        ValueError
            With all that is wrong: value got, values allowed.
        """
        super().__init__(scope, construct_id)
        self.pipeline_name = pipeline_name or Names.unique_resource_name(self, max_length=MAX_NAME, separator="-")
        refuse(
            self,
            [
                *_name_problems(self.pipeline_name),
                *code.problems(),
                *jobs.problems(),
                *not_an_alias("storage.key", storage.key),
            ],
        )
        image = image or FrameworkImage(self, "Image", framework="sklearn", version=images.versions("sklearn")[-1])
        self.registry = registry or ModelRegistry(self, "Registry", group_name=self.pipeline_name)
        gate_function = gate.function or GateFunction(self, "Gate", artifacts=storage.artifacts, key=storage.key)
        self.model = RegisteredModel(name=code.name, group_name=self.registry.group_name, image=image, storage=storage)
        gate_function.add_model(self.model, gate.serving_stack)
        self.bundle = CodeBundle(self, "Code", folder=code.folder, shared=code.shared)
        self.roles = GivenRoles(role) if role else self._build_roles(code, storage, image, gate_function, jobs.network)
        steps = TrainingSteps(
            code=code,
            bundle=self.bundle,
            image=image,
            gate=gate,
            gate_function=gate_function,
            registry=self.registry,
            roles=self.roles,
            storage=storage,
            jobs=jobs,
        )
        self.pipeline = self._build_pipeline(self.pipeline_name, steps)

    @property
    def arn(self) -> str:
        """ARN of the pipeline."""
        return arn_scope(self).arn("sagemaker", f"pipeline/{self.pipeline_name}")

    def _build_roles(
        self,
        code: ModelCode,
        storage: PipelineStorage,
        image: FrameworkImage,
        gate: GateFunction,
        network: VpcNetwork | None,
    ) -> TrainingRoles:
        return TrainingRoles(
            self,
            "Roles",
            code=code,
            storage=storage,
            bundle=self.bundle,
            image=image,
            registry=self.registry,
            gate=gate,
            network=network,
        )

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` start the pipeline and see what becomes of it.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:StartPipelineExecution", "sagemaker:DescribePipelineExecution"],
            resource_arns=[self.arn, f"{self.arn}/execution/*"],
            scope=self,
        )

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


def _name_problems(name: str) -> Iterator[str]:
    if TOKEN not in name and (not re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", name) or len(name) > LONGEST_NAME):
        allowed = f"1 to {LONGEST_NAME} letters and digits, with hyphens between them"
        yield f"pipeline_name is {name!r} of {len(name)} characters; allowed: {allowed}"
