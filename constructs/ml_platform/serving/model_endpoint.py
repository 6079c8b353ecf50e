"""A real-time endpoint that exists from the first approved version on."""

from aws_cdk import (
    CfnTag,
    Duration,
    Names,
    RemovalPolicy,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform.common.cached_tokens import bucket_name, key_arn, seconds
from ml_platform.common.execution_role import ExecutionRole, used_as_it_is
from ml_platform.common.problems import not_an_alias, refuse
from ml_platform.common.vpc_network import VpcNetwork
from ml_platform.serving.endpoint_options import CaptureOptions, ProductionVariant, problems
from ml_platform.serving.endpoint_release import ReleaseOptions, RollbackAlarms, deployment_config
from ml_platform.serving.endpoint_scaling import EndpointScaling
from ml_platform.serving.invocable import VARIANT, ImportedEndpoint, InvocableEndpoint
from ml_platform.serving.model_execution_role import ModelExecutionRole
from ml_platform.serving.served_version import ServedVersion
from ml_platform.training.registered_model import RegisteredModel
from platform_contract import layout
from platform_contract.instances import has_local_nvme
from platform_contract.names import MAX_NAME
from platform_contract.serving import ENVIRONMENT as SERVING_ENVIRONMENT
from platform_contract.tags import ENDPOINT_TAG

STARTUP_TIMEOUT = Duration.minutes(5)
"""A container that does not answer /ping by then fails the release instead of blocking the stack for an hour."""


class ModelEndpoint(InvocableEndpoint):
    """Model, endpoint configuration, endpoint, scaling and rollback alarms, all under one condition.

    A CloudFormation parameter says which version is served. While it is `none`, there is no endpoint and nothing is billed. Model
    and configuration are never named; the endpoint's name is stable.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-endpoint.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: RegisteredModel,
        endpoint_name: str | None = None,
        execution_role: ExecutionRole | iam.IRole | None = None,
        alerts: sns.ITopic | None = None,
        variant: ProductionVariant = ProductionVariant(),  # noqa: B008 - frozen
        release: ReleaseOptions = ReleaseOptions(),  # noqa: B008
        capture: CaptureOptions = CaptureOptions(),  # noqa: B008
        network: VpcNetwork | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        version_parameter: str | None = None,
    ) -> None:
        """Create the endpoint.

        Parameters
        ----------
        model
            What is served: its versions, its image, its artifacts. Its storage's key encrypts volumes (where the instance type
            takes a key), logs and captured data, which go under `models/<model>/capture/` of the artifacts bucket.
        endpoint_name
            Lower case, at most 63 characters. Default: made of the construct's path, stable as long as that is.
        execution_role
            Role of the model's containers; one that is imported is used as it is. Default: one of its own that reads this model's
            artifacts and nothing else.
        alerts
            Told when a rollback alarm fires. Default: nobody; a release is rolled back all the same.
        variant, release, capture
            How large, how updated, what is copied. Default: one ml.m5.large, all at once, nothing.
        network
            Subnets of a VPC. Default: SageMaker's own network; containers have none in either case.
        log_retention
            How long the containers' logs are kept. Default: 3 months.
        version_parameter
            Name of the parameter that says which version is served, to be told to `PromotedModel` and `QualityGate`;
            `ModelPackageArn` is what these expect by themselves, and one endpoint of a stack can have it. Default: made of the
            construct's path.

        Raises
        ------
        ValueError
            With all that is wrong: value got, values allowed.
        """
        super().__init__(scope, construct_id)
        self._endpoint_name = endpoint_name or Names.unique_resource_name(self, max_length=MAX_NAME, separator="-").lower()
        endpoint_name = self._endpoint_name
        wrong = [*problems(endpoint_name, variant, release, capture), *not_an_alias("model.storage.key", model.storage.key)]
        wrong += network.problems("network") if network else ()
        refuse(self, wrong)
        self._served, self._key, self._artifacts = model, model.storage.key, model.storage.artifacts
        self._network = network
        self.role = self._build_role() if execution_role is None else used_as_it_is(execution_role)
        self._variant, self._capture = variant, capture
        self._tags = [CfnTag(key=ENDPOINT_TAG, value=endpoint_name)]
        self._version = ServedVersion(self, version_parameter)
        self.log_group = self._build_log_group(log_retention)
        self._model = self._build_model()
        self._config = self._build_config()
        self.alarms = RollbackAlarms(
            self, "Rollback", endpoint_name=endpoint_name, variant=VARIANT, release=release, topic=alerts
        )
        self.endpoint = self._build_endpoint(release)
        self.scaling = EndpointScaling(
            self, "Scaling", endpoint=self.endpoint, endpoint_name=endpoint_name, variant=VARIANT, options=variant.scaling
        )
        self._version.is_needed_by(self._model, self._config, self.endpoint, *self.alarms.resources, *self.scaling.resources)

    @staticmethod
    def from_endpoint_name(scope: Construct, construct_id: str, endpoint_name: str) -> InvocableEndpoint:
        """Return an endpoint of this account and region that is deployed elsewhere; nothing is created."""
        return ImportedEndpoint(scope, construct_id, endpoint_name=endpoint_name)

    @property
    def endpoint_name(self) -> str:
        """Name of the endpoint."""
        return self._endpoint_name

    @property
    def version_parameter(self) -> str:
        """Name of the stack's parameter that says which version is served."""
        return self._version.parameter_name

    def _build_role(self) -> ModelExecutionRole:
        served = self._served
        return ModelExecutionRole(
            self,
            "Role",
            model=served.name,
            endpoint_name=self.endpoint_name,
            artifacts=self._artifacts,
            key=self._key,
            image=served.image,
            network=self._network,
        )

    def _build_log_group(self, retention: logs.RetentionDays) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/aws/sagemaker/Endpoints/{self.endpoint_name}",
            encryption_key=self._key,
            retention=retention,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _vpc_config(self) -> sagemaker.CfnModel.VpcConfigProperty | None:
        if self._network is None:
            return None
        return sagemaker.CfnModel.VpcConfigProperty(
            subnets=list(self._network.subnet_ids), security_group_ids=list(self._network.security_group_ids)
        )

    def _build_model(self) -> sagemaker.CfnModel:
        container = sagemaker.CfnModel.ContainerDefinitionProperty(
            model_package_name=self._version.arn, environment={**SERVING_ENVIRONMENT, "MODEL_PACKAGE_ARN": self._version.arn}
        )
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=self.role.arn,
            primary_container=container,
            enable_network_isolation=True,
            vpc_config=self._vpc_config(),
            tags=self._tags,
        )
        # CreateModel checks the role's access to the artifact: the policy must be attached first.
        if isinstance(self.role, ExecutionRole):
            model.node.add_dependency(self.role.policy)
        return model

    def _build_config(self) -> sagemaker.CfnEndpointConfig:
        variant = sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=self._model.attr_model_name,
            instance_type=self._variant.instance_type,
            initial_instance_count=self._variant.scaling.min_instances,
            initial_variant_weight=1,
            container_startup_health_check_timeout_in_seconds=seconds(STARTUP_TIMEOUT),
        )
        return sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=[variant],
            # SageMaker refuses a key on types whose local disks encrypt by themselves.
            kms_key_id=None if has_local_nvme(self._variant.instance_type) else key_arn(self._key),
            data_capture_config=self._capture_config() if self._capture.percent else None,
            tags=self._tags,
        )

    def _capture_config(self) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
        option = sagemaker.CfnEndpointConfig.CaptureOptionProperty
        place = layout.results(self._served.name, "capture").rstrip("/")
        return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=True,
            initial_sampling_percentage=self._capture.percent,
            destination_s3_uri=f"s3://{bucket_name(self._artifacts)}/{place}",
            kms_key_id=key_arn(self._key),
            capture_options=[option(capture_mode="Input"), option(capture_mode="Output")],
            capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
                json_content_types=["application/json"]
            ),
        )

    def _build_endpoint(self, release: ReleaseOptions) -> sagemaker.CfnEndpoint:
        # Scaled capacity survives an update, unless nothing scales: then the configuration alone says how many there are.
        changing = ["DesiredWeight", "DataCaptureConfig"]
        if not self._variant.scaling.scales:
            changing.append("DesiredInstanceCount")
        keep_not = sagemaker.CfnEndpoint.VariantPropertyProperty
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self.endpoint_name,
            endpoint_config_name=self._config.attr_endpoint_config_name,
            retain_all_variant_properties=True,
            exclude_retained_variant_properties=[keep_not(variant_property_type=name) for name in changing],
            deployment_config=deployment_config(release, self.alarms.names),
            tags=self._tags,
        )
        endpoint.node.add_dependency(self.log_group)
        return endpoint
