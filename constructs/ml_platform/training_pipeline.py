"""prepare -> train -> evaluate -> gate -> register, as a SageMaker pipeline under one role per duty."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.code_bundle import CodeBundle
from ml_platform.framework_image import FrameworkImage
from ml_platform.model_registry import ModelRegistry
from ml_platform.pipeline import (
    Channel,
    Condition,
    ConditionStep,
    FailStep,
    JsonGet,
    Parameter,
    PipelineDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingStep,
    RegisterStep,
    TrainingStep,
    execution_id,
    join,
    parameter,
    step_property,
)
from ml_platform.training_roles import TrainingRoles

SERVING_ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "serve.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
}
"""Tells the framework container to serve with the code that lies in the artifact itself."""

CODE = "code"
DATA_PARAMETER = "InputData"


@dataclass(frozen=True, kw_only=True)
class ModelCode:
    """What runs: the folder with prepare.py, train.py, evaluate.py and serve.py, and train.py's arguments."""

    name: str
    folder: Path
    hyperparameters: Mapping[str, str | int | float | bool]


@dataclass(frozen=True, kw_only=True)
class JobResources:
    """Machine and limit of one kind of job."""

    instance_type: str
    instance_count: int = 1
    volume: Size
    max_runtime: Duration


@dataclass(frozen=True, kw_only=True)
class GateThreshold:
    """A metric of evaluation.json with the bound that it must keep; exactly one of the two bounds is set."""

    metric: str
    minimum: float | None = None
    maximum: float | None = None

    def __str__(self) -> str:
        return f"{self.metric} >= {self.minimum}" if self.minimum is not None else f"{self.metric} <= {self.maximum}"


class TrainingPipeline(Construct):
    """Pipeline that turns raw data under `s3://<data>/<model>/raw/` into a version that waits for approval.

    A model that misses its gate fails the execution, and nothing is registered. All jobs run without network access.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        code: ModelCode,
        image: FrameworkImage,
        gate: Sequence[GateThreshold],
        registry: ModelRegistry,
        data: s3.IBucket,
        artifacts: s3.IBucket,
        key: kms.IKey,
        processing: JobResources,
        training: JobResources,
    ) -> None:
        """Create the pipeline and its roles.

        Parameters
        ----------
        pipeline_name
            Name, at most 256 characters.
        code
            Scripts and hyperparameters.
        image
            Framework container that runs them.
        gate
            Thresholds; all must hold.
        registry
            Receives the versions.
        data, artifacts, key
            Where raw data lies, where results go, what encrypts them.
        processing, training
            Machines.
        """
        super().__init__(scope, construct_id)
        self._code, self._image, self._gate, self._registry = code, image, gate, registry
        self._data, self._artifacts, self._key = data, artifacts, key
        self._processing, self._training = processing, training
        self.bundle = CodeBundle(self, "Code", folder=code.folder)
        self.roles = TrainingRoles(
            self,
            "Roles",
            model=code.name,
            data=data,
            artifacts=artifacts,
            key=key,
            bundle=self.bundle,
            image=image,
            registry=registry,
        )
        self.pipeline = self._build_pipeline(pipeline_name)

    def _build_pipeline(self, name: str) -> sagemaker.CfnPipeline:
        definition = PipelineDefinition(
            [Parameter(DATA_PARAMETER, self._data.s3_url_for_object(f"{self._code.name}/raw/"))],
            [self._prepare(), self._train(), self._evaluate(), self._decide()],
        )
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            pipeline_definition={"PipelineDefinitionBody": Stack.of(self).to_json_string(definition.render())},
            role_arn=self.roles.pipeline.arn,
        )
        pipeline.node.add_dependency(*self.roles.policies)
        return pipeline

    def _prepare(self) -> ProcessingStep:
        raw = ProcessingInput(name="raw", s3_uri=parameter(DATA_PARAMETER))
        train = ProcessingOutput(name="train", s3_uri=self._results("train"))
        test = ProcessingOutput(name="test", s3_uri=self._results("test"))
        return ProcessingStep(
            name="prepare",
            role_arn=self.roles.prepare.arn,
            arguments=["--input", raw.path, "--train", train.path, "--test", test.path],
            inputs=[self._code_input(), raw],
            outputs=[train, test],
            **self._script("prepare.py"),
        )

    def _train(self) -> TrainingStep:
        script = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"/opt/ml/input/data/{CODE}/{self.bundle.file_name}",
        }
        return TrainingStep(
            name="train",
            image_uri=self._image.uri,
            role_arn=self.roles.train.arn,
            kms_key_arn=self._key.key_arn,
            instance_type=self._training.instance_type,
            instance_count=self._training.instance_count,
            volume_gb=int(self._training.volume.to_gibibytes()),
            max_runtime_seconds=int(self._training.max_runtime.to_seconds()),
            hyperparameters={key: json.dumps(value) for key, value in {**self._code.hyperparameters, **script}.items()},
            channels=[
                Channel(name="train", s3_uri=_output_uri("prepare", "train")),
                Channel(name=CODE, s3_uri=self.bundle.s3_uri),
            ],
            output_s3_uri=self._results("model"),
        )

    def _evaluate(self) -> ProcessingStep:
        model = ProcessingInput(name="model", s3_uri=step_property("train", "ModelArtifacts.S3ModelArtifacts"))
        test = ProcessingInput(name="test", s3_uri=_output_uri("prepare", "test"))
        evaluation = ProcessingOutput(name="evaluation", s3_uri=self._results("evaluation"))
        return ProcessingStep(
            name="evaluate",
            role_arn=self.roles.evaluate.arn,
            arguments=["--model", model.path, "--test", test.path, "--output", evaluation.path],
            inputs=[self._code_input(), model, test],
            outputs=[evaluation],
            property_files={"evaluation": ("evaluation", "evaluation.json")},
            **self._script("evaluate.py"),
        )

    def _decide(self) -> ConditionStep:
        message = f"the model misses its gate: {', '.join(map(str, self._gate))} must all hold; see the evaluate step's log"
        return ConditionStep(
            name="gate",
            conditions=[_condition(threshold) for threshold in self._gate],
            if_steps=[self._register()],
            else_steps=[FailStep(name="gate-missed", message=message)],
        )

    def _register(self) -> RegisterStep:
        return RegisterStep(
            name="register",
            group_name=self._registry.group_name,
            image_uri=self._image.uri,
            model_data=step_property("train", "ModelArtifacts.S3ModelArtifacts"),
            environment=SERVING_ENVIRONMENT,
            content_type="application/json",
            statistics=join("/", _output_uri("evaluate", "evaluation"), "evaluation.json"),
        )

    def _results(self, kind: str) -> dict[str, Any]:
        """Prefix for one kind of result of an execution; the kind comes first so that roles can be limited to it."""
        return join("/", self._artifacts.s3_url_for_object(f"{self._code.name}/{kind}"), execution_id())

    def _code_input(self) -> ProcessingInput:
        return ProcessingInput(name=CODE, s3_uri=self.bundle.s3_uri)

    def _script(self, script: str) -> dict[str, Any]:
        """What all processing steps share: image, machine, and an entry point that unpacks the bundle and runs `script`."""
        folder = f"/opt/ml/processing/input/{CODE}"
        command = f'cd {folder} && tar -xzf {self.bundle.file_name} && exec python3 {script} "$@"'
        return {
            "image_uri": self._image.uri,
            "kms_key_arn": self._key.key_arn,
            "instance_type": self._processing.instance_type,
            "volume_gb": int(self._processing.volume.to_gibibytes()),
            "max_runtime_seconds": int(self._processing.max_runtime.to_seconds()),
            "entrypoint": ["/bin/sh", "-c", command, script],
        }


def _output_uri(step: str, output: str) -> dict[str, Any]:
    return step_property(step, f"ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri")


def _condition(threshold: GateThreshold) -> Condition:
    value = JsonGet("evaluate", "evaluation", f"metrics.{threshold.metric}")
    if threshold.minimum is not None:
        return Condition(left=value, operator="GreaterThanOrEqualTo", right=threshold.minimum)
    assert threshold.maximum is not None
    return Condition(left=value, operator="LessThanOrEqualTo", right=threshold.maximum)
