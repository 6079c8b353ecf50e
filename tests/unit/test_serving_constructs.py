"""The endpoint, its releases and its route."""

import pytest
from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from ml_platform import CaptureOptions, Fleet, FrameworkImage, ModelEndpoint, ModelRole, ReleaseOptions, ScalingOptions
from ml_platform.prediction_route import API_LIMIT, MARGIN_SECONDS, attempts_within_limit, function_timeout
from platform_contract.instances import has_local_nvme
from tests.helpers import new_stack, of_type, template_of

CONDITIONAL = (
    "AWS::SageMaker::Model",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Endpoint",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
)


def endpoint(**changes) -> dict:
    stack = new_stack()
    key, bucket = kms.Key(stack, "Key"), s3.Bucket(stack, "Bucket")
    image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
    role = ModelRole(stack, "Role", model="spam", endpoint_name="mlp-spam", artifacts=bucket, key=key, image=image)
    values = {
        "endpoint_name": "mlp-spam",
        "model_role": role,
        "key": key,
        "artifacts": bucket,
        "alerts": sns.Topic(stack, "Topic"),
        "fleet": Fleet(instance_type="ml.m5.large", scaling=ScalingOptions(min_instances=2, max_instances=4)),
        "release": ReleaseOptions(strategy="canary", step_percent=25, baking=Duration.minutes(3)),
        "capture": CaptureOptions(percent=10),
        "log_retention": logs.RetentionDays.ONE_MONTH,
    }
    ModelEndpoint(stack, "Endpoint", **{**values, **changes})
    return template_of(stack)


def test_until_a_version_is_approved_nothing_is_created_that_is_billed() -> None:
    template = endpoint()
    for entry in template["Resources"].values():
        assert (entry["Type"] in CONDITIONAL) == ("Condition" in entry), entry["Type"]
    assert template["Parameters"]["ModelPackageArn"]["Default"] == "none"


def test_model_and_configuration_are_never_named() -> None:
    template = endpoint()
    assert "ModelName" not in of_type(template, "AWS::SageMaker::Model")[0]
    assert "EndpointConfigName" not in of_type(template, "AWS::SageMaker::EndpointConfig")[0]
    assert of_type(template, "AWS::SageMaker::Endpoint")[0]["EndpointName"] == "mlp-spam"


def test_an_update_keeps_scaled_capacity() -> None:
    found = of_type(endpoint(), "AWS::SageMaker::Endpoint")[0]
    assert found["RetainAllVariantProperties"] is True
    kept_not = {entry["VariantPropertyType"] for entry in found["ExcludeRetainedVariantProperties"]}
    assert kept_not == {"DesiredWeight", "DataCaptureConfig"}


def test_a_canary_is_watched_by_both_alarms() -> None:
    deployment = of_type(endpoint(), "AWS::SageMaker::Endpoint")[0]["DeploymentConfig"]
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
        "WaitIntervalInSeconds": 180,
    }
    assert len(deployment["AutoRollbackConfiguration"]["Alarms"]) == 2


@pytest.mark.parametrize(("strategy", "field"), [("linear", "LinearStepSize"), ("all_at_once", None)])
def test_other_strategies_render_their_own_step(strategy: str, field: str | None) -> None:
    template = endpoint(release=ReleaseOptions(strategy=strategy))
    deployment = of_type(template, "AWS::SageMaker::Endpoint")[0]["DeploymentConfig"]
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert set(routing) - {"Type", "WaitIntervalInSeconds"} == ({field} if field else set())


def test_latency_is_compared_in_microseconds_and_missing_data_is_no_alarm() -> None:
    alarms = {alarm["MetricName"]: alarm for alarm in of_type(endpoint(), "AWS::CloudWatch::Alarm")}
    assert alarms["ModelLatency"]["Threshold"] == 2_000_000
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"notBreaching"}
    for alarm in alarms.values():
        assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {"EndpointName": "mlp-spam", "VariantName": "main"}


def test_a_fixed_fleet_has_no_scalable_target() -> None:
    template = endpoint(fleet=Fleet(instance_type="ml.m5.large"), release=ReleaseOptions())
    assert not of_type(template, "AWS::ApplicationAutoScaling::ScalableTarget")


def test_scaling_has_explicit_cooldowns() -> None:
    policy = of_type(endpoint(), "AWS::ApplicationAutoScaling::ScalingPolicy")[0]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert (tracking["ScaleInCooldown"], tracking["ScaleOutCooldown"]) == (300, 60)


def test_capture_can_be_off() -> None:
    template = endpoint(capture=CaptureOptions(percent=0))
    assert "DataCaptureConfig" not in of_type(template, "AWS::SageMaker::EndpointConfig")[0]


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [("ml.m5.large", False), ("ml.m5d.large", True), ("ml.g5.xlarge", True), ("ml.c6gd.large", True), ("ml.c7i.large", False)],
)
def test_types_with_local_disks_get_no_key(instance_type: str, local: bool) -> None:
    assert has_local_nvme(instance_type) is local
    fleet = Fleet(instance_type=instance_type, scaling=ScalingOptions(min_instances=2, max_instances=2))
    config = of_type(endpoint(fleet=fleet), "AWS::SageMaker::EndpointConfig")[0]
    assert ("KmsKeyId" in config) is not local


@pytest.mark.parametrize("seconds", range(1, 26))
def test_all_attempts_end_before_the_api_gives_up(seconds: int) -> None:
    timeout = Duration.seconds(seconds)
    attempts = attempts_within_limit(timeout)
    assert attempts >= 1
    assert attempts * seconds + MARGIN_SECONDS < function_timeout(timeout).to_seconds() < API_LIMIT.to_seconds()


def test_a_model_slower_than_the_api_is_refused() -> None:
    with pytest.raises(ValueError, match="model_timeout is 26 s; allowed: 1 to 25 s"):
        function_timeout(Duration.seconds(26))


def test_the_api_asks_for_signatures_unless_it_is_told_otherwise() -> None:
    from aws_cdk import aws_apigatewayv2 as apigateway
    from aws_cdk.aws_apigatewayv2_authorizers import HttpJwtAuthorizer
    from aws_cdk.aws_lambda import Code, Function, Runtime

    from ml_platform import PredictionApi, Throttle

    def route(**values) -> dict:
        from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration

        stack = new_stack()
        key = kms.Key(stack, "Key")
        retention = logs.RetentionDays.ONE_WEEK
        api = PredictionApi(stack, "Api", api_name="api", key=key, throttle=Throttle(), log_retention=retention, **values)
        function = Function(stack, "F", runtime=Runtime.PYTHON_3_14, handler="x.y", code=Code.from_inline("x"))
        method = apigateway.HttpRouteKey.with_("/x", apigateway.HttpMethod.POST)
        integration = HttpLambdaIntegration("I", function)
        apigateway.HttpRoute(stack, "Route", http_api=api.http_api, route_key=method, integration=integration)
        template = template_of(stack)
        stage = of_type(template, "AWS::ApiGatewayV2::Stage")[0]
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 50 and "requestId" in stage["AccessLogSettings"]["Format"]
        return of_type(template, "AWS::ApiGatewayV2::Route")[0]

    assert route()["AuthorizationType"] == "AWS_IAM"
    jwt = HttpJwtAuthorizer("Jwt", "https://issuer.example.com", jwt_audience=["app"])
    assert route(authorizer=jwt)["AuthorizationType"] == "JWT"
