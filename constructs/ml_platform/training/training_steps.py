"""The steps of a training pipeline: deployed, prepare, train, evaluate, check-metrics, gate, register."""

import json
from typing import Any

from ml_platform.common.cached_tokens import bucket_name, key_arn, seconds
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.training.code_bundle import JOB_SCRIPTS, CodeBundle
from ml_platform.training.gate_function import GateFunction
from ml_platform.training.model_code import ModelCode, TrainingJobs
from ml_platform.training.model_registry import ModelRegistry
from ml_platform.training.pipeline import (
    Channel,
    Condition,
    ConditionStep,
    Expression,
    FailStep,
    LambdaStep,
    Parameter,
    PipelineDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingStep,
    RegisterStep,
    TrainingStep,
    execution_id,
    join,
    lambda_output,
    parameter,
    processing_output,
    step_property,
)
from ml_platform.training.quality_gate import QualityGate
from ml_platform.training.registered_model import PipelineStorage
from ml_platform.training.training_roles import GivenRoles, TrainingRoles
from platform_contract import layout
from platform_contract.hyperparameters import encoded
from platform_contract.parameters import COMPARE_WITH, DATASET, DEPLOYED, INPUT_DATA, UNVERSIONED
from platform_contract.serving import ENVIRONMENT as SERVING_ENVIRONMENT

CODE = "code"
WARNING = 30
PARAMETERS = (Parameter(INPUT_DATA), Parameter(DATASET, UNVERSIONED), Parameter(COMPARE_WITH, DEPLOYED))
"""Where the raw data lies; which dataset and version that is, such as `spam@3`; `deployed`, or `none` to compare with nothing."""


class TrainingSteps:
    """One method per step; what a step reads of another orders them."""

    def __init__(
        self,
        *,
        code: ModelCode,
        bundle: CodeBundle,
        image: FrameworkImage,
        gate: QualityGate,
        gate_function: GateFunction,
        registry: ModelRegistry,
        roles: TrainingRoles | GivenRoles,
        storage: PipelineStorage,
        jobs: TrainingJobs,
    ) -> None:
        self._code, self._bundle, self._image, self._registry = code, bundle, image, registry
        self._gate, self._function = gate, gate_function.function
        self._roles, self._storage, self._jobs = roles, storage, jobs
        self._vpc_config = jobs.network.render() if jobs.network else None

    def definition(self) -> PipelineDefinition:
        """Return the whole pipeline."""
        steps = [self._deployed(), self._prepare(), self._train(), self._evaluate(), self._check_metrics(), self._decide()]
        return PipelineDefinition(PARAMETERS, steps)

    def _deployed(self) -> LambdaStep:
        """Find the version that serves; where there is none, its artifact is the code, so that evaluate has an input."""
        return LambdaStep(
            name="deployed",
            function=self._function,
            arguments={
                "operation": "deployed",
                "group": self._registry.group_name,
                "stack": self._gate.serving_stack or "",
                "parameter": self._gate.serving_parameter,
                "compare_with": parameter(COMPARE_WITH),
                "fallback": self._bundle.s3_uri,
            },
            outputs=["version", "artifact"],
        )

    def _prepare(self) -> ProcessingStep:
        raw = ProcessingInput(name="raw", s3_uri=parameter(INPUT_DATA))
        train = ProcessingOutput(name="train", s3_uri=self._results("train"))
        test = ProcessingOutput(name="test", s3_uri=self._results("test"))
        return ProcessingStep(
            name="prepare",
            role_arn=self._roles.prepare.arn,
            arguments=[raw.path, "--input", raw.path, "--train", train.path, "--test", test.path],
            inputs=[self._code_input(), raw],
            outputs=[train, test],
            step_cache=self._jobs.step_cache,
            **self._script("prepare.py"),
        )

    def _train(self) -> TrainingStep:
        machine = self._jobs.training
        script = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"/opt/ml/input/data/{CODE}/{self._bundle.file_name}",
            # At its default the toolkit writes some hundred lines of its own before the script's first.
            "sagemaker_container_log_level": WARNING,
        }
        return TrainingStep(
            name="train",
            image_uri=self._image.uri,
            role_arn=self._roles.train.arn,
            kms_key_arn=key_arn(self._storage.key),
            instance_type=machine.instance_type,
            instance_count=machine.instance_count,
            volume_gb=machine.volume_gb,
            max_runtime_seconds=seconds(machine.max_runtime),
            hyperparameters=encoded(self._code.hyperparameters) | {key: json.dumps(value) for key, value in script.items()},
            channels=[
                Channel(name="train", s3_uri=processing_output("prepare", "train")),
                Channel(name=CODE, s3_uri=self._bundle.s3_uri),
            ],
            output_s3_uri=self._results("model"),
            vpc_config=self._vpc_config,
            step_cache=self._jobs.step_cache,
        )

    def _evaluate(self) -> ProcessingStep:
        model = ProcessingInput(name="model", s3_uri=_trained_model())
        deployed = ProcessingInput(name="deployed", s3_uri=lambda_output("deployed", "artifact"))
        test = ProcessingInput(name="test", s3_uri=processing_output("prepare", "test"))
        evaluation = ProcessingOutput(name="evaluation", s3_uri=self._results("evaluation"))
        return ProcessingStep(
            name="evaluate",
            role_arn=self._roles.evaluate.arn,
            arguments=["--model", model.path, "--deployed", deployed.path, "--test", test.path, "--output", evaluation.path],
            inputs=[self._code_input(), model, test, deployed],
            outputs=[evaluation],
            environment={"DEPLOYED_VERSION": lambda_output("deployed", "version")},
            **self._script("evaluate.py"),
        )

    def _check_metrics(self) -> LambdaStep:
        return LambdaStep(
            name="check-metrics",
            function=self._function,
            arguments={
                "operation": "check",
                "evaluation": processing_output("evaluate", "evaluation"),
                "deployed_version": lambda_output("deployed", "version"),
                # A Lambda step takes no nested arguments.
                "rules": json.dumps([rule.render() for rule in self._gate.rules]),
            },
            outputs=["passed", "reasons", "summary", "model_sha256"],
        )

    def _decide(self) -> ConditionStep:
        message = join("", "the model misses its gate: ", lambda_output("check-metrics", "reasons"))
        return ConditionStep(
            name="gate",
            conditions=[Condition(left=lambda_output("check-metrics", "passed"), operator="Equals", right="true")],
            if_steps=[self._register()],
            else_steps=[FailStep(name="gate-missed", message=message)],
        )

    def _register(self) -> RegisterStep:
        evaluation = processing_output("evaluate", "evaluation")
        return RegisterStep(
            name="register",
            group_name=self._registry.group_name,
            image_uri=self._image.uri,
            model_data=_trained_model(),
            environment=SERVING_ENVIRONMENT,
            content_type="application/json",
            statistics=join("/", evaluation, layout.EVALUATION),
            constraints=join("/", evaluation, layout.VERDICT),
            metadata={
                "gate": lambda_output("check-metrics", "summary"),
                "dataset": parameter(DATASET),
                "input-data": parameter(INPUT_DATA),
                "deployed-version": lambda_output("deployed", "version"),
                "model-sha256": lambda_output("check-metrics", "model_sha256"),
            },
            approval="Approved" if self._gate.approve else "PendingManualApproval",
        )

    def _results(self, kind: layout.Results) -> Expression:
        """Prefix for one kind of result of an execution; the kind comes first so that roles can be limited to it."""
        return join(
            "/",
            f"s3://{bucket_name(self._storage.artifacts)}/{layout.results(self._code.name, kind).rstrip('/')}",
            execution_id(),
        )

    def _code_input(self) -> ProcessingInput:
        return ProcessingInput(name=CODE, s3_uri=self._bundle.s3_uri)

    def _script(self, script: str) -> dict[str, Any]:
        """What all processing steps share: image, machine, and an entry point that unpacks the bundle and runs `script`."""
        machine = self._jobs.processing
        command = f"tar -xzf {self._bundle.file_name} && exec python3 {JOB_SCRIPTS.name}/{script}"
        return {
            "image_uri": self._image.uri,
            "kms_key_arn": key_arn(self._storage.key),
            "instance_type": machine.instance_type,
            "volume_gb": machine.volume_gb,
            "max_runtime_seconds": seconds(machine.max_runtime),
            "vpc_config": self._vpc_config,
            "entrypoint": ["/bin/sh", "-c", f'cd {self._code_input().path} && {command} "$@"', script],
        }


def _trained_model() -> Expression:
    return step_property("train", "ModelArtifacts.S3ModelArtifacts")
