"""The endpoint, its releases and its route."""

import json
from dataclasses import dataclass

import pytest
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from ml_platform import (
    CaptureOptions,
    FrameworkImage,
    ModelEndpoint,
    PredictionApi,
    PredictionRoute,
    ProductionVariant,
    RegisteredModel,
    ReleaseOptions,
    RequestContract,
    ScalingOptions,
    Throttle,
)
from ml_platform.serving.prediction_route import API_LIMIT, MARGIN_SECONDS, attempts_within_limit, function_timeout
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


@dataclass
class Storage:
    artifacts: s3.IBucket
    key: kms.IKey


def endpoint(**changes) -> dict:
    stack = new_stack()
    key, bucket = kms.Key(stack, "Key"), s3.Bucket(stack, "Bucket")
    image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
    values = {
        "endpoint_name": "mlp-spam",
        "model": RegisteredModel(name="spam", group_name="mlp-spam", image=image, storage=Storage(bucket, key)),
        "alerts": sns.Topic(stack, "Topic"),
        "variant": ProductionVariant(instance_type="ml.m5.large", scaling=ScalingOptions(min_instances=2, max_instances=4)),
        "release": ReleaseOptions(strategy="canary", step_percent=25, baking=Duration.minutes(3)),
        "capture": CaptureOptions(percent=10),
        "log_retention": logs.RetentionDays.ONE_MONTH,
        "version_parameter": "ModelPackageArn",
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
    template = endpoint(variant=ProductionVariant(instance_type="ml.m5.large"), release=ReleaseOptions())
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
    fleet = ProductionVariant(instance_type=instance_type, scaling=ScalingOptions(min_instances=2, max_instances=2))
    config = of_type(endpoint(variant=fleet), "AWS::SageMaker::EndpointConfig")[0]
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


def test_everything_that_is_wrong_with_an_endpoint_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="ModelEndpoint Test/Endpoint") as caught:
        endpoint(
            endpoint_name="E_!" * 40,
            variant=ProductionVariant(instance_type="m5.huge", scaling=ScalingOptions(min_instances=0, max_instances=-3)),
            release=ReleaseOptions(strategy="canary", step_percent=90, baking=Duration.hours(2)),
            capture=CaptureOptions(percent=101),
        )
    told = str(caught.value)
    for expected in (
        "of 120 characters; allowed: 1 to 63 lower-case letters and digits",
        "variant.instance_type is 'm5.huge'; SageMaker has no instance type of this name for hosting",
        "variant.scaling.min_instances is 0; allowed: 1 to 100 for a real-time endpoint",
        "max_instances is -3; allowed: 1 to 100",
        "release.step_percent is 90; allowed: 10 to 50 percent",
        "baking is 7200; allowed: 0 to 3600 seconds",
        "strategy is canary with min_instances of 0",
        "capture.percent is 101; allowed: 0 to 100",
    ):
        assert expected in told


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "variant": ProductionVariant(instance_type="ml.t2.medium", scaling=ScalingOptions(max_instances=3)),
                "release": ReleaseOptions(),
            },
            "burstable",
        ),
        ({"release": ReleaseOptions(strategy="blue")}, "strategy is 'blue'; allowed: canary, linear, all_at_once"),
        ({"release": ReleaseOptions(max_5xx_per_minute=-1)}, "max_5xx_per_minute is -1; allowed: at least 0"),
        ({"release": ReleaseOptions(max_latency=Duration.minutes(2))}, "max_latency is 120000; allowed: 1 to 60000 milliseconds"),
        ({"endpoint_name": "-a"}, "lower-case letters and digits, with hyphens between them"),
        (
            {"variant": ProductionVariant(scaling=ScalingOptions(min_instances=5, max_instances=4))},
            r"max_instances is 4; allowed: 5 to 100",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_those_allowed(changes: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        endpoint(**changes)


def test_what_is_known_at_deployment_only_is_not_judged() -> None:
    from aws_cdk import Fn

    fleet = ProductionVariant(instance_type=Fn.import_value("type"), scaling=ScalingOptions(min_instances=2, max_instances=2))
    assert "Fn::ImportValue" in str(of_type(endpoint(variant=fleet), "AWS::SageMaker::EndpointConfig")[0])


def test_a_stack_may_hold_any_number_of_endpoints_and_the_smallest_says_little() -> None:
    stack = new_stack()
    storage = Storage(s3.Bucket(stack, "Bucket"), kms.Key(stack, "Key"))
    image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
    model = RegisteredModel(name="spam", group_name="g", image=image, storage=storage)
    names = {ModelEndpoint(stack, name, model=model).endpoint_name for name in ("Spam", "Ham")}
    template = template_of(stack)
    assert {entry["EndpointName"] for entry in of_type(template, "AWS::SageMaker::Endpoint")} == names
    assert all("AlarmActions" not in alarm for alarm in of_type(template, "AWS::CloudWatch::Alarm"))
    parameters = [name for name in template["Parameters"] if "ModelPackageArn" in name]
    assert len(parameters) == 2 and len(of_type(template, "AWS::SageMaker::Endpoint")) == 2


@pytest.mark.parametrize("imported", [True, False])
def test_others_are_let_ask_an_endpoint_and_see_its_metrics(imported: bool) -> None:
    stack = new_stack()
    key, bucket = kms.Key(stack, "Key"), s3.Bucket(stack, "Bucket")
    if imported:
        found = ModelEndpoint.from_endpoint_name(stack, "Endpoint", "mlp-spam")
    else:
        image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
        model = RegisteredModel(name="spam", group_name="mlp-spam", image=image, storage=Storage(bucket, key))
        found = ModelEndpoint(stack, "Endpoint", endpoint_name="mlp-spam", model=model)
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    found.grant_invoke(caller).assert_success()
    cloudwatch.Alarm(stack, "Alarm", metric=found.metric_model_latency(), threshold=1, evaluation_periods=1)
    template = template_of(stack)
    [statement] = of_type(template, "AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert statement["Resource"]["Fn::Join"][1][-1] == ":endpoint/mlp-spam"
    [alarm] = [alarm for alarm in of_type(template, "AWS::CloudWatch::Alarm") if alarm["Threshold"] == 1]
    assert (alarm["MetricName"], alarm["ExtendedStatistic"], alarm["Period"]) == ("ModelLatency", "p99", 60)
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {"EndpointName": "mlp-spam", "VariantName": "main"}
    for metric, name in (
        (found.metric_invocations(), "Invocations"),
        (found.metric_invocations_per_instance(), "InvocationsPerInstance"),
        (found.metric_server_errors(), "Invocation5XXErrors"),
        (found.metric_client_errors(), "Invocation4XXErrors"),
    ):
        assert (metric.metric_name, metric.statistic) == (name, "Sum")
    assert found.metric("CPUUtilization", namespace="/aws/sagemaker/Endpoints", statistic="Maximum").statistic == "Maximum"


def test_a_route_asks_an_endpoint_of_another_stack_and_callers_are_let_call_it_alone() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    api = PredictionApi(stack, "Api", api_name="api", key=key)
    found = ModelEndpoint.from_endpoint_name(stack, "Endpoint", "mlp-spam")
    contract = RequestContract(input_schema={"type": "object", "properties": {"age": {"type": "number"}}})
    route = PredictionRoute(stack, "Route", model="spam", api=api.http_api, endpoint=found, contract=contract, key=key)
    for construct_id, grant in (("One", route.grant_invoke), ("All", api.grant_invoke)):
        grant(iam.Role(stack, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))).assert_success()
    template = template_of(stack)
    granted = [entry["PolicyDocument"]["Statement"][0] for entry in of_type(template, "AWS::IAM::Policy")]
    assert {statement["Action"] for statement in granted} == {"execute-api:Invoke"}
    ends = sorted(statement["Resource"]["Fn::Join"][1][-1] for statement in granted)
    assert ends == ["/$default/*/*", "/$default/POST/models/spam/predict"]
    asked = json.dumps(of_type(template, "AWS::IAM::ManagedPolicy"))
    assert "sagemaker:InvokeEndpoint" in asked and ":endpoint/mlp-spam" in asked


def test_limits_of_the_api_and_of_a_route_are_checked() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    with pytest.raises(
        ValueError, match=r"(?s)throttle\.rate is 0; allowed: 1 to 10000.*throttle\.burst is -1; allowed: 1 to 5000"
    ):
        PredictionApi(stack, "Wrong", api_name="api", key=key, throttle=Throttle(rate=0, burst=-1))
    api = PredictionApi(stack, "Api", api_name="api", key=key)
    found = ModelEndpoint.from_endpoint_name(stack, "Endpoint", "mlp-spam")
    with pytest.raises(
        ValueError, match=r"contract\.max_instances is 0; allowed: 1 to 10000\n  contract\.input_schema: properties is required"
    ):
        PredictionRoute(
            stack,
            "Route",
            model="spam",
            api=api.http_api,
            endpoint=found,
            contract=RequestContract(input_schema={}, max_instances=0),
            key=key,
        )
