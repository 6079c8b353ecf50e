"""What is sent to AWS: signatures, protocols, credentials."""

import json
import urllib.parse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.auth
import botocore.session
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from idle_agent.act import measure, tell
from idle_agent.aws import SERVICES, Instance
from idle_agent.identity import Identity, sign
from platform_contract.metrics import BLIND, HEARTBEAT, IDLE_MINUTES
from tests.agent.fake_aws import FakeAws

MOMENT = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
CONFIG = {"log_group": "/mlp/notebooks", "namespace": "MLPlatform/Notebooks"}
keys = st.text("abcdefXYZ019+/=", min_size=4, max_size=40)


@given(service=st.sampled_from(sorted(SERVICES)), secret=keys, token=st.none() | keys, body=st.binary(min_size=1, max_size=99))
def test_a_call_is_signed_as_botocore_signs_it(service: str, secret: str, token: str | None, body: bytes) -> None:
    headers = {
        "host": f"{SERVICES[service][0]}.eu-central-1.amazonaws.com",
        "x-amz-date": "20261123T040506Z",
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "A.B",
    }
    ours = sign(["AKIA", secret, token], "eu-central-1", service, "/", headers, body)
    request = AWSRequest("POST", f"https://{headers['host']}/", data=body, headers=headers)
    request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
    with patch.object(botocore.auth, "get_current_datetime", return_value=MOMENT.replace(tzinfo=None)):
        botocore.auth.SigV4Auth(Credentials("AKIA", secret, token), service, "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]


@given(key=st.text("abz019-_./~ +=", min_size=1, max_size=40).filter(lambda key: "//" not in key and "/." not in f"/{key}"))
def test_a_fetch_is_signed_as_botocore_signs_it(key: str) -> None:
    path = urllib.parse.quote(f"/bucket/{key}", "/~")
    headers = {"host": "s3.eu-central-1.amazonaws.com", "x-amz-date": "20261123T040506Z"}
    ours = sign(["AKIA", "secret", "token"], "eu-central-1", "s3", path, headers, b"")
    request = AWSRequest("GET", f"https://{headers['host']}{path}", headers=headers)
    with patch.object(botocore.auth, "get_current_datetime", return_value=MOMENT.replace(tzinfo=None)):
        botocore.auth.S3SigV4Auth(Credentials("AKIA", "secret", "token"), "s3", "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]


@pytest.mark.parametrize(("client", "service"), [("sagemaker", "sagemaker"), ("logs", "logs"), ("cloudwatch", "monitoring")])
def test_hosts_targets_and_versions_are_those_of_botocores_models(client: str, service: str) -> None:
    model = botocore.session.get_session().get_service_model(client)
    host, target, version = SERVICES[service]
    assert model.metadata.get("signingName", model.metadata["endpointPrefix"]) == service
    assert (model.metadata["endpointPrefix"], model.metadata["targetPrefix"]) == (host, target)
    assert model.metadata["jsonVersion"] == str(version)
    assert "json" in model.metadata["protocols"]


@pytest.fixture
def instance(tmp_path: Path) -> dict[str, Any]:
    metadata = tmp_path / "metadata.json"
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:notebook-instance/mlp-nb-demo"
    metadata.write_text(json.dumps({"ResourceArn": arn, "ResourceName": "mlp-nb-demo"}))
    return {**CONFIG, "metadata": str(metadata)}


def test_partition_and_region_come_from_the_instances_own_arn(instance: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    assert Identity(instance["metadata"]).domain == "eu-central-1.amazonaws.com"
    file = Path(instance["metadata"])
    file.write_text(file.read_text().replace("arn:aws:", "arn:aws-cn:").replace("eu-central-1", "cn-north-1"))
    assert Identity(instance["metadata"]).domain == "cn-north-1.amazonaws.com.cn"


def test_credentials_come_from_the_metadata_service_with_a_token(
    instance: dict[str, Any], fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", fake_aws.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake_aws.url)
    Instance(instance).stop()
    call = fake_aws.calls[-1]
    assert (call.operation, call.parameters) == ("StopNotebookInstance", {"NotebookInstanceName": "mlp-nb-demo"})
    assert "Credential=ASIAMETADATA/" in call.headers["authorization"]
    assert call.headers["x-amz-security-token"] == "metadata-token"


def test_the_calls_are_what_botocore_sends(instance: dict[str, Any], fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_aws.environment(monkeypatch)
    tell({"verdict": "idle", "idle_minutes": 3.5}, instance)
    measure(Instance(instance), instance, {"CpuPercent": 1.5})
    session = botocore.session.get_session()
    names = {"Logs_20140328": "logs", "GraniteServiceVersion20100801": "cloudwatch"}
    for call in fake_aws.calls:
        shape = session.get_service_model(names[call.target]).operation_model(call.operation).input_shape
        report = botocore.validate.ParamValidator().validate(call.parameters, shape)
        assert not report.has_errors(), report.generate_report()
    metrics = [data for call in fake_aws.calls if call.operation == "PutMetricData" for data in call.parameters["MetricData"]]
    dimension = [{"Name": "NotebookInstanceName", "Value": "mlp-nb-demo"}]
    assert [(data["MetricName"], data["Value"]) for data in metrics] == [
        (HEARTBEAT, 1),
        (IDLE_MINUTES, 3.5),
        (BLIND, 0),
        ("CpuPercent", 1.5),
    ]
    assert all(data["Dimensions"] == dimension for data in metrics)


def test_a_log_stream_is_made_when_it_is_missing(
    instance: dict[str, Any], fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_aws.environment(monkeypatch)
    fake_aws.streams.clear()
    tell({"verdict": "idle", "idle_minutes": 1}, instance)
    tell({"verdict": "idle", "idle_minutes": 2}, instance)
    operations = [call.operation for call in fake_aws.calls if call.target.startswith("Logs")]
    assert operations == ["PutLogEvents", "CreateLogStream", "PutLogEvents", "PutLogEvents"]


def test_logs_that_are_refused_do_not_keep_the_metrics_back(
    instance: dict[str, Any], fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_aws.environment(monkeypatch)
    fake_aws.refused = {"PutLogEvents", "CreateLogStream"}
    with pytest.raises(OSError, match=r"400 .*AccessDenied"):
        tell({"verdict": "idle", "idle_minutes": 1}, instance)
    assert "PutMetricData" in [call.operation for call in fake_aws.calls]
    fake_aws.refused = {"PutMetricData"}
    with pytest.raises(OSError, match="AccessDenied"):
        tell({"verdict": "idle", "idle_minutes": 1}, instance)
    assert fake_aws.calls[-1].operation == "PutLogEvents"


def test_an_object_is_fetched(instance: dict[str, Any], fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_aws.environment(monkeypatch)
    fake_aws.objects["/assets/a b.zip"] = b"PK"
    assert Identity(instance["metadata"]).fetch("s3://assets/a b.zip") == b"PK"
    with pytest.raises(OSError, match="404"):
        Identity(instance["metadata"]).fetch("s3://assets/other.zip")
