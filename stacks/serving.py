"""Serving-<model>: endpoint, scaling, alarms, and the route that callers use."""

import json
from functools import cache

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform import (
    CaptureOptions,
    FrameworkImage,
    ModelEndpoint,
    ModelExecutionRole,
    PlatformStorage,
    PredictionRoute,
    ProductionVariant,
    RegisteredModel,
    ReleaseOptions,
    ReleaseRole,
    RequestContract,
    ScalingOptions,
)
from platform_contract.parameters import MODEL_PACKAGE_ARN, SAMPLE
from settings.model import ModelDefinition
from settings.serving import ReleaseSection, ServingSection
from stacks.base import PlatformStack, StackContext, log_retention

_seconds, _millis = cache(Duration.seconds), cache(Duration.millis)
"""Models mostly share their times; CDK makes each of them once."""


class ServingStack(PlatformStack):
    """Everything that answers for one model; updated by `cdk deploy` and by promotion alike."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        definition: ModelDefinition,
        serving: ServingSection,
        storage: PlatformStorage,
        alerts: sns.ITopic,
        api: apigateway.IHttpApi,
    ) -> None:
        """Create the endpoint of the model `definition`, which exists from its first approved version on."""
        super().__init__(scope, context, "Serving", definition.name)
        self._context, self._definition, self._serving, self._storage = context, definition, serving, storage
        self._name = context.names.model(definition.name)
        self._model = self._registered_model()
        self.role = self._build_model_role()
        self.release_role = self._build_release_role()
        self.endpoint = self._build_endpoint(alerts)
        self.route = self._build_route(api)
        self._build_outputs()

    def _registered_model(self) -> RegisteredModel:
        framework = self._definition.framework
        image = FrameworkImage(self, "Image", framework=framework.name, version=framework.version)
        return RegisteredModel(name=self._definition.name, group_name=self._name, image=image, storage=self._storage)

    def _build_model_role(self) -> ModelExecutionRole:
        return ModelExecutionRole(
            self,
            "ModelRole",
            model=self._model.name,
            endpoint_name=self._name,
            artifacts=self._storage.artifacts,
            key=self._storage.key,
            image=self._model.image,
        )

    def _build_release_role(self) -> ReleaseRole:
        return ReleaseRole(
            self,
            "ReleaseRole",
            role_name=self._context.names.release_role(self._definition.name),
            endpoint_name=self._name,
            group_name=self._name,
            stack_name=self.stack_name,
            execution_role=self.role,
            key=self._storage.key,
        )

    def _build_endpoint(self, alerts: sns.ITopic) -> ModelEndpoint:
        serving = self._serving
        return ModelEndpoint(
            self,
            "Endpoint",
            model=self._model,
            endpoint_name=self._name,
            execution_role=self.role,
            alerts=alerts,
            variant=ProductionVariant(instance_type=serving.instance_type, scaling=_scaling(serving)),
            release=_release(serving.release),
            capture=CaptureOptions(percent=serving.capture.percent),
            log_retention=log_retention(serving.log_retention_days),
            version_parameter=MODEL_PACKAGE_ARN,
        )

    def _build_route(self, api: apigateway.IHttpApi) -> PredictionRoute:
        return PredictionRoute(
            self,
            "Prediction",
            model=self._definition.name,
            api=api,
            endpoint=self.endpoint,
            contract=RequestContract(
                input_schema=self._definition.input_schema,
                max_instances=self._serving.max_instances_per_request,
                model_timeout=_seconds(self._serving.model_timeout_seconds),
            ),
            key=self._storage.key,
            log_retention=log_retention(self._serving.log_retention_days),
        )

    def _build_outputs(self) -> None:
        CfnOutput(self, "EndpointName", value=self._name)
        CfnOutput(self, "PredictPath", value=self.route.path)
        CfnOutput(self, SAMPLE, value=json.dumps(self._definition.sample, sort_keys=True))


def _scaling(serving: ServingSection) -> ScalingOptions:
    return ScalingOptions(
        min_instances=serving.min_instances,
        max_instances=serving.max_instances,
        invocations_per_minute=serving.scaling.invocations_per_minute,
        scale_out_cooldown=_seconds(serving.scaling.scale_out_cooldown_seconds),
        scale_in_cooldown=_seconds(serving.scaling.scale_in_cooldown_seconds),
    )


def _release(section: ReleaseSection) -> ReleaseOptions:
    return ReleaseOptions(
        strategy=section.strategy,
        step_percent=section.step_percent,
        baking=_seconds(round(section.baking_minutes * 60)),
        max_5xx_per_minute=section.max_5xx_per_minute,
        max_latency=_millis(section.max_latency_ms),
    )
