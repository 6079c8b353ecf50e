"""Approvals become releases: bad ones leave the old version serving, good ones lose no request, none is lost."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from mlp.platform.errors import Failed, MlpError
from mlp.runs import prediction, registry
from tests.local.conftest import ANSWERS, MODEL, ONE_TRY, Platform, wait_for

SAMPLE = {"crl_tot": 1028, "dollar": 0.18, "bang": 0.372, "money": 0.43, "n000": 0.43, "make": 0.21}
BROKEN = ANSWERS.replace("return None", "raise RuntimeError('this model cannot be loaded')")


def ask(platform: Platform) -> dict:
    return prediction.predict(platform.environment, MODEL, [SAMPLE])


@contextmanager
def caller(platform: Platform) -> Iterator[list]:
    """Ask the model without pause while the body runs; yield what was answered."""
    answers: list = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                answers.append(ask(platform)["model_version"])
            except Failed as failure:
                answers.append(failure)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def settled(platform: Platform, version: int) -> bool:
    return platform.served() == version and not platform.stack_status().endswith("IN_PROGRESS")


def test_the_endpoint_serves_what_was_approved_with_autoscaling_registered(platform: Platform) -> None:
    answer = ask(platform)
    assert answer["predictions"][0]["class"] == "spam"
    assert 0.5 <= answer["predictions"][0]["probability"] <= 1
    targets = platform.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")[
        "ScalableTargets"
    ]
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in targets] == [(2, 3)]
    policies = platform.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    tracking = policies[0]["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["PredefinedMetricSpecification"]["PredefinedMetricType"] == "SageMakerVariantInvocationsPerInstance"


def test_a_version_that_was_not_approved_is_never_served(platform: Platform) -> None:
    pending = platform.register(ANSWERS)
    before = platform.served()
    package = {"ModelPackageName": pending.arn}
    role = platform.role_arn("Serving", MODEL, "ModelRole")
    with pytest.raises(ClientError, match="approval status is PendingManualApproval"):
        platform.client("sagemaker").create_model(ModelName="sneaked", ExecutionRoleArn=role, PrimaryContainer=package)
    registry.set_approval(platform.environment, pending, "Rejected", "test")
    time.sleep(3)
    assert platform.served() == before


def test_a_new_version_takes_over_without_losing_a_request(platform: Platform) -> None:
    version = platform.register(ANSWERS)
    with caller(platform) as answers:
        platform.release(version)
        time.sleep(1)
    failures = [answer for answer in answers if isinstance(answer, Exception)]
    assert not failures, failures[:3]
    assert len(answers) > 50
    assert answers[-1] == str(version.number)
    assert {*answers} >= {str(version.number)}


def test_a_version_that_does_not_come_up_leaves_the_old_one_serving(platform: Platform) -> None:
    before = platform.served()
    with caller(platform) as answers, pytest.raises(Failed, match="did not pass the ping health check"):
        platform.release(platform.register(BROKEN))
    assert platform.served() == before
    assert {str(answer) for answer in answers} == {str(before)}
    described = platform.client("sagemaker").describe_endpoint(EndpointName="mlp-local-spam")
    assert described["EndpointStatus"] == "InService" and "ping health check" in described["FailureReason"]


def test_the_log_says_why_a_version_did_not_come_up(platform: Platform) -> None:
    from mlp.runs import logs

    lines = logs.lines(platform.environment, MODEL, "endpoint", follow=False)
    assert any("this model cannot be loaded" in line for line in lines)


def test_two_approvals_in_a_row_end_with_the_newer_one_and_the_same_approval_twice_changes_nothing(platform: Platform) -> None:
    older, newer = platform.register(ANSWERS), platform.register(ANSWERS)
    platform.approve(older)
    platform.approve(newer)
    wait_for(lambda: settled(platform, newer.number), seconds=150)
    changed = registry.last_change(platform.environment, MODEL)
    platform.approve(newer)
    platform.approve(older)
    time.sleep(5)
    assert settled(platform, newer.number)
    assert registry.last_change(platform.environment, MODEL) == changed


def test_rejecting_what_serves_takes_nothing_down_and_an_earlier_version_can_return(platform: Platform) -> None:
    live = platform.served()
    assert live is not None
    earlier = next(v for v in registry.versions(platform.environment, MODEL) if v.approval == "Approved" and v.number < live)
    with pytest.raises(MlpError, match="Reject it first: mlp reject spam"):
        platform.release(earlier)
    registry.set_approval(platform.environment, platform.version(live), "Rejected", "test")
    time.sleep(3)
    assert ask(platform)["model_version"] == str(live)
    for version in registry.versions(platform.environment, MODEL):
        if earlier.number < version.number < live and version.approval == "Approved":
            registry.set_approval(platform.environment, version, "Rejected", "test")
    platform.release(earlier)
    assert ask(platform)["model_version"] == str(earlier.number)


def servers(platform: Platform) -> list[psutil.Process]:
    """Return the launchers of the containers in which a model server runs; the kernel ends a container with its launcher."""
    assert platform.environment.embedded
    found = []
    for launcher in psutil.Process(platform.environment.embedded.pid).children():
        try:
            if any("gunicorn" in word for process in launcher.children(recursive=True) for word in process.cmdline()):
                found.append(launcher)
        except psutil.NoSuchProcess:
            continue
    return found


def test_a_model_server_that_is_killed_under_load_is_replaced(platform: Platform) -> None:
    wait_for(lambda: len(servers(platform)) == 2)
    victim = servers(platform)[0]
    with caller(platform) as answers:
        time.sleep(1)
        victim.kill()
        wait_for(lambda: len(servers(platform)) == 2 and victim.pid not in [p.pid for p in servers(platform)])
        time.sleep(1)
    failures = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(failures) <= 2, "only requests that were under way in the killed server may fail"

    def instances() -> int:
        described = platform.client("sagemaker").describe_endpoint(EndpointName="mlp-local-spam")
        return described["ProductionVariants"][0]["CurrentInstanceCount"]

    wait_for(lambda: instances() == 2)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"nonsense", 400),
        (b'{"instances": [{"crl_tot": "many"}]}', 400),
        (b'{"instances": [' + b"1," * 3_000_000 + b"1]}", 413),
    ],
    ids=["empty", "not JSON", "wrong type", "too large"],
)
def test_wrong_payloads_are_refused_by_the_api(platform: Platform, body: bytes, status: int) -> None:
    import urllib.error
    import urllib.request

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    url = prediction.url_of(platform.environment, MODEL)
    request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(platform.environment.session.get_credentials(), "execute-api", "us-east-1").add_auth(request)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, data=body, headers=dict(request.headers), method="POST"))
    assert caught.value.code == status
    assert caught.value.headers["content-type"] == "application/problem+json"


def test_an_unsigned_call_is_refused(platform: Platform) -> None:
    import urllib.error
    import urllib.request

    url = prediction.url_of(platform.environment, MODEL)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, data=b"{}", method="POST"))
    assert caught.value.code == 403


def test_requests_and_answers_are_captured(platform: Platform) -> None:
    ask(platform)
    s3 = platform.client("s3")

    def captured() -> list:
        return s3.list_objects_v2(Bucket=platform.artifacts, Prefix=f"models/{MODEL}/capture/mlp-local-spam/main/").get(
            "Contents", []
        )

    newest = max(wait_for(captured), key=lambda entry: entry["LastModified"])
    record = json.loads(s3.get_object(Bucket=platform.artifacts, Key=newest["Key"])["Body"].read())
    assert json.loads(record["captureData"]["endpointInput"]["data"])["instances"][0]["crl_tot"] == SAMPLE["crl_tot"]
    assert "predictions" in record["captureData"]["endpointOutput"]["data"]


def test_invocations_are_measured_with_the_endpoints_dimensions(platform: Platform) -> None:
    ask(platform)

    def found() -> list:
        return platform.client("cloudwatch").list_metrics(
            Namespace="AWS/SageMaker",
            MetricName="ModelLatency",
            Dimensions=[{"Name": "EndpointName", "Value": "mlp-local-spam"}, {"Name": "VariantName", "Value": "main"}],
        )["Metrics"]

    assert wait_for(found)


def test_an_alarm_takes_a_release_back(platform: Platform) -> None:
    """The canary answers with errors: the alarm fires while the release bakes, and the old version gets all traffic again."""
    sagemaker, before = platform.client("sagemaker"), platform.served()
    old = sagemaker.describe_endpoint(EndpointName="mlp-local-spam")["EndpointConfigName"]
    failing = platform.register(ANSWERS.replace('return {"predictions"', 'raise ValueError("bad day"); return {"predictions"'))
    container = sagemaker.describe_model_package(ModelPackageName=failing.arn)["InferenceSpecification"]["Containers"][0]
    container = {key: container[key] for key in ("Image", "ModelDataUrl", "Environment")}
    container["Environment"] |= {"MODEL_PACKAGE_ARN": failing.arn}
    role = platform.role_arn("Serving", MODEL, "ModelRole")
    sagemaker.create_model(ModelName="bad-day", ExecutionRoleArn=role, PrimaryContainer=container)
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"]
    sagemaker.create_endpoint_config(EndpointConfigName="bad-day", ProductionVariants=[{**variants[0], "ModelName": "bad-day"}])
    alarms = platform.client("cloudwatch").describe_alarms(AlarmNamePrefix="mlp-local-Serving-spam")["MetricAlarms"]
    assert {alarm["MetricName"] for alarm in alarms} == {"Invocation5XXErrors", "ModelLatency"}
    canary = {"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 1200}
    with caller(platform):
        sagemaker.update_endpoint(
            EndpointName="mlp-local-spam",
            EndpointConfigName="bad-day",
            DeploymentConfig={
                "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary},
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm["AlarmName"]} for alarm in alarms]},
            },
        )

        def ended() -> dict | None:
            found = sagemaker.describe_endpoint(EndpointName="mlp-local-spam")
            return found if found["EndpointStatus"] == "InService" else None

        described = wait_for(ended)
    assert "entered ALARM state" in described["FailureReason"]
    assert described["EndpointConfigName"] == old
    assert {ask(platform)["model_version"] for _ in range(10)} == {str(before)}


def test_immutable_names_are_refused_twice(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName="mlp-local-spam")["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    with pytest.raises(ClientError, match="already existing endpoint configuration"):
        sagemaker.create_endpoint_config(EndpointConfigName=config.upper(), ProductionVariants=variants)


def test_another_instance_type_is_refused_while_the_variant_scales(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName="mlp-local-spam")["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    variants[0]["InstanceType"] = "ml.m5.xlarge"
    sagemaker.create_endpoint_config(EndpointConfigName="larger", ProductionVariants=variants)
    with pytest.raises(ClientError, match="deregister it before you change the instance type"):
        sagemaker.update_endpoint(EndpointName="mlp-local-spam", EndpointConfigName="larger")


def test_what_is_not_offered_says_so(platform: Platform) -> None:
    sagemaker = platform.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName="mlp-local-spam")["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    with pytest.raises(ClientError, match="does not offer AsyncInferenceConfig; AWS does"):
        sagemaker.create_endpoint_config(
            EndpointConfigName="later",
            ProductionVariants=variants,
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://b/k"}},
        )


def test_an_invocation_of_nothing_is_a_client_error(platform: Platform) -> None:
    runtime = boto3.Session("test", "test", region_name="us-east-1").client(
        "sagemaker-runtime", endpoint_url=platform.url, config=ONE_TRY
    )
    with pytest.raises(ClientError, match="Endpoint nowhere of account 000000000000 not found") as caught:
        runtime.invoke_endpoint(EndpointName="nowhere", Body=b"{}")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="mlp-local-spam", Body=b"x" * (6 * 1024 * 1024 + 1))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="mlp-local-spam", Body=b"x", ContentType="text/plain")
    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert caught.value.response["OriginalStatusCode"] == 500
