"""The very calls that the watchdog makes, checked by botocore's stubs against AWS's own model."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from watchdog.aws import Aws
from watchdog.endpoints import Endpoints
from watchdog.models import Endpoint, Readings

NOW = datetime(2026, 11, 24, 21, 5, tzinfo=UTC)
NAME = "mlp-test-nb-demo-1234"
ARN = "arn:aws:sagemaker:eu-central-1:111122223333:"
INSTANCE_ARN = f"{ARN}notebook-instance/{NAME}"
MINE = {"ml-platform:notebook": "demo", "ml-platform:environment": "mlp-test"}
DESCRIBED = {
    "NotebookInstanceArn": INSTANCE_ARN,
    "NotebookInstanceName": NAME,
    "NotebookInstanceStatus": "InService",
    "InstanceType": "ml.t3.medium",
    "LastModifiedTime": NOW - timedelta(hours=2),
}
DIMENSIONS = [{"Name": "NotebookInstanceName", "Value": NAME}]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def aws() -> Aws:
    return Aws("arn:aws:sns:eu-central-1:111122223333:alerts")


def tag_list(tags: dict[str, str]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def test_an_instance_comes_with_its_tags(aws: Aws) -> None:
    with Stubber(aws._sagemaker) as stubber:
        stubber.add_response("describe_notebook_instance", DESCRIBED, {"NotebookInstanceName": NAME})
        stubber.add_response("list_tags", tag_list(MINE), {"ResourceArn": INSTANCE_ARN})
        found = aws.instance(NAME)
    assert found is not None
    assert (found.status, found.instance_type, found.since, found.tags) == (
        "InService",
        "ml.t3.medium",
        NOW - timedelta(hours=2),
        MINE,
    )


def test_an_instance_that_does_not_exist_is_none(aws: Aws) -> None:
    with Stubber(aws._sagemaker) as stubber:
        stubber.add_client_error("describe_notebook_instance", "ValidationException", "RecordNotFound")
        assert aws.instance(NAME) is None


def test_what_may_not_be_described_is_a_failure(aws: Aws) -> None:
    with Stubber(aws._sagemaker) as stubber, pytest.raises(ClientError):
        stubber.add_client_error("describe_notebook_instance", "AccessDeniedException", "is not authorized")
        aws.instance(NAME)


def test_instances_are_found_by_the_beginning_of_their_name(aws: Aws) -> None:
    def summary(name: str) -> dict[str, str]:
        return {"NotebookInstanceName": name, "NotebookInstanceArn": f"{ARN}notebook-instance/{name}"}

    listed = {"NotebookInstances": [summary(NAME), summary("x-mlp-test-nb-other")]}
    with Stubber(aws._sagemaker) as stubber:
        stubber.add_response("list_notebook_instances", listed, {"NameContains": "mlp-test-nb-"})
        assert aws.instance_names("mlp-test-nb-") == [NAME]


def query(metric: str, statistic: str) -> dict[str, Any]:
    identity = {"Namespace": "MLPlatform/Notebooks", "MetricName": metric, "Dimensions": DIMENSIONS}
    return {"Id": metric[0].lower() + metric[1:], "MetricStat": {"Metric": identity, "Period": 60, "Stat": statistic}}


def result(metric: str, *values: float) -> dict[str, Any]:
    return {
        "Id": metric[0].lower() + metric[1:],
        "Values": list(values),
        "Timestamps": [NOW] * len(values),
        "StatusCode": "Complete",
    }


@pytest.mark.parametrize(
    ("beats", "idle", "cpu", "expected"),
    [
        ([1.0], [3.0, 0.0, 2.0], [1.0, 9.0], Readings(heartbeat=True, idle_minutes=0, cpu_percent=5)),
        ([], [], [], Readings(heartbeat=False)),
    ],
    ids=["any busy minute counts, CPU on average", "no data is no heartbeat and no CPU, not zero"],
)
def test_metrics_are_read_over_their_windows(aws: Aws, beats, idle, cpu, expected: Readings) -> None:
    with Stubber(aws._cloudwatch) as stubber:
        window = {"StartTime": NOW - timedelta(minutes=15), "EndTime": NOW}
        asked = {"MetricDataQueries": [query("Heartbeat", "SampleCount")], **window}
        stubber.add_response("get_metric_data", {"MetricDataResults": [result("Heartbeat", *beats)]}, asked)
        recent = {"StartTime": NOW - timedelta(minutes=5), "EndTime": NOW}
        queries = [query("IdleMinutes", "Minimum"), query("CpuPercent", "Average")]
        answer = {"MetricDataResults": [result("IdleMinutes", *idle), result("CpuPercent", *cpu)]}
        stubber.add_response("get_metric_data", answer, {"MetricDataQueries": queries, **recent})
        assert aws.readings(NAME, 15, NOW) == expected
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(("status", "raised"), [("Stopping", False), ("Stopped", False), ("InService", True)])
def test_a_stop_that_somebody_else_was_faster_with_is_no_failure(aws: Aws, status: str, raised: bool) -> None:
    with Stubber(aws._sagemaker) as stubber:
        message = "Status (Stopping) not in ([InService])"
        stubber.add_client_error("stop_notebook_instance", "ValidationException", message)
        described = {**DESCRIBED, "NotebookInstanceStatus": status}
        stubber.add_response("describe_notebook_instance", described, {"NotebookInstanceName": NAME})
        stubber.add_response("list_tags", tag_list(MINE), {"ResourceArn": INSTANCE_ARN})
        if raised:
            with pytest.raises(ClientError):
                aws.stop(NAME)
        else:
            assert aws.stop(NAME) is False


def test_a_stop_that_is_denied_is_a_failure(aws: Aws) -> None:
    with Stubber(aws._sagemaker) as stubber, pytest.raises(ClientError):
        stubber.add_client_error("stop_notebook_instance", "AccessDeniedException", "is not authorized")
        aws.stop(NAME)


def test_metrics_are_published_for_the_instance(aws: Aws) -> None:
    data = [{"MetricName": "HoursOn", "Dimensions": DIMENSIONS, "Value": 0.5}]
    with Stubber(aws._cloudwatch) as stubber:
        stubber.add_response("put_metric_data", {}, {"Namespace": "MLPlatform/Notebooks", "MetricData": data})
        aws.publish(NAME, {"HoursOn": 0.5})
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("groups", "set_it"),
    [
        ([], False),
        ([{"logGroupName": "/aws/sagemaker/NotebookInstances"}], True),
        ([{"logGroupName": "/aws/sagemaker/NotebookInstances", "retentionInDays": 30}], False),
        ([{"logGroupName": "/aws/sagemaker/NotebookInstancesOfOthers"}], False),
    ],
    ids=["not there yet: never made", "there without retention", "somebody has set one", "another group"],
)
def test_the_group_that_sagemaker_makes_gets_a_retention_once(aws: Aws, groups: list, set_it: bool) -> None:
    with Stubber(aws._logs) as stubber:
        name = "/aws/sagemaker/NotebookInstances"
        stubber.add_response("describe_log_groups", {"logGroups": groups}, {"logGroupNamePrefix": name})
        if set_it:
            stubber.add_response("put_retention_policy", {}, {"logGroupName": name, "retentionInDays": 90})
        aws.keep_service_logs_for(90)
        stubber.assert_no_pending_responses()


ENDPOINT = Endpoint(name="E1", arn=f"{ARN}endpoint/e1", status="InService", created=NOW, config="C1", tags=MINE)


def described_config(config: str, *models: str) -> dict[str, Any]:
    variants = [{"VariantName": model, "ModelName": model} for model in models]
    arn = f"{ARN}endpoint-config/{config.lower()}"
    return {"EndpointConfigName": config, "EndpointConfigArn": arn, "ProductionVariants": variants, "CreationTime": NOW}


def is_mine(tags: Any) -> bool:
    return tags == MINE


def expect_tags(stubber: Stubber, kind: str, name: str, tags: dict[str, str]) -> None:
    stubber.add_response("list_tags", tag_list(tags), {"ResourceArn": f"{ARN}{kind}/{name.lower()}"})


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints()


def test_an_endpoint_goes_with_its_own_configuration_and_models(endpoints: Endpoints) -> None:
    with Stubber(endpoints._sagemaker) as stubber:
        expect_tags(stubber, "endpoint-config", "C1", MINE)
        stubber.add_response("describe_endpoint_config", described_config("C1", "Mine", "Theirs"), {"EndpointConfigName": "C1"})
        tags = {"Mine": MINE, "Theirs": {}}
        # A set has no order, so neither have the questions about its models.
        answered: list[str] = []
        endpoints.tags = _in_any_order(endpoints.tags, tags, answered)  # type: ignore[method-assign]
        stubber.add_response("delete_endpoint", {}, {"EndpointName": "E1"})
        stubber.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "C1"})
        stubber.add_response("delete_model", {}, {"ModelName": "Mine"})
        endpoints.delete(ENDPOINT, is_mine, [])
        stubber.assert_no_pending_responses()
    assert sorted(answered) == ["Mine", "Theirs"]


def _in_any_order(original: Callable[[str], dict], tags: dict[str, dict], answered: list[str]) -> Callable[[str], dict]:
    def ask(arn: str) -> dict:
        for name, found in tags.items():
            if arn == f"{ARN}model/{name.lower()}":
                answered.append(name)
                return found
        return original(arn)

    return ask


def test_a_configuration_of_others_stays(endpoints: Endpoints) -> None:
    with Stubber(endpoints._sagemaker) as stubber:
        expect_tags(stubber, "endpoint-config", "C1", {"ml-platform:environment": "mlp-test"})
        stubber.add_response("delete_endpoint", {}, {"EndpointName": "E1"})
        endpoints.delete(ENDPOINT, is_mine, [])
        stubber.assert_no_pending_responses()


def test_what_another_endpoint_still_uses_stays(endpoints: Endpoints) -> None:
    same = Endpoint(name="E2", arn=f"{ARN}endpoint/e2", status="InService", created=NOW, config="C1", tags=MINE)
    with Stubber(endpoints._sagemaker) as stubber:
        stubber.add_response("delete_endpoint", {}, {"EndpointName": "E1"})
        endpoints.delete(ENDPOINT, is_mine, [same])
        stubber.assert_no_pending_responses()


def test_a_model_that_another_configuration_uses_stays(endpoints: Endpoints) -> None:
    other = Endpoint(name="E2", arn=f"{ARN}endpoint/e2", status="InService", created=NOW, config="C2", tags=MINE)
    with Stubber(endpoints._sagemaker) as stubber:
        expect_tags(stubber, "endpoint-config", "C1", MINE)
        expect_tags(stubber, "endpoint-config", "C2", MINE)
        stubber.add_response("describe_endpoint_config", described_config("C2", "Shared"), {"EndpointConfigName": "C2"})
        stubber.add_response("describe_endpoint_config", described_config("C1", "Shared"), {"EndpointConfigName": "C1"})
        stubber.add_response("delete_endpoint", {}, {"EndpointName": "E1"})
        stubber.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "C1"})
        endpoints.delete(ENDPOINT, is_mine, [other])
        stubber.assert_no_pending_responses()


def test_what_is_gone_already_is_no_failure(endpoints: Endpoints) -> None:
    with Stubber(endpoints._sagemaker) as stubber:
        expect_tags(stubber, "endpoint-config", "C1", MINE)
        stubber.add_client_error("describe_endpoint_config", "ValidationException", 'Could not find endpoint configuration "C1".')
        stubber.add_client_error("delete_endpoint", "ValidationException", 'Could not find endpoint "E1".')
        stubber.add_client_error("delete_endpoint_config", "ValidationException", 'Could not find endpoint configuration "C1".')
        endpoints.delete(ENDPOINT, is_mine, [])
        stubber.assert_no_pending_responses()


def test_an_endpoint_is_described_with_what_its_tags_were(endpoints: Endpoints) -> None:
    described = {
        "EndpointName": "E1",
        "EndpointArn": ENDPOINT.arn,
        "EndpointConfigName": "C1",
        "EndpointStatus": "InService",
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
    }
    with Stubber(endpoints._sagemaker) as stubber:
        stubber.add_response("describe_endpoint", described, {"EndpointName": "E1"})
        assert endpoints.describe("E1", ENDPOINT.arn, MINE) == ENDPOINT
        stubber.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "E1".')
        assert endpoints.describe("E1", ENDPOINT.arn, MINE) is None
