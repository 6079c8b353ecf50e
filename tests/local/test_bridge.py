"""What the bridge relies on inside ministack, and the holes that it closes there."""

import inspect
import urllib.error
import urllib.request
from importlib.metadata import version

import psutil
import pytest
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses, router
from ministack.services import cloudformation, cloudwatch, cloudwatch_logs, eventbridge, iam, sts
from ministack.services.cloudformation import provisioners, stacks

from mlp.deployment import local
from mlp.platform.environment import MARKER, PlatformEnvironment, embedded_variables
from mlp.platform.errors import MlpError
from tests.local.conftest import Platform, free_port, wait_for

RELIED_ON = {
    app: ["app", "_loaded_modules", "SERVICE_REGISTRY", "SERVICE_HANDLERS", "_lazy_handler", "_state_map", "_enforce_execute_api", "_execute_api_authorization_type"],
    router: ["SERVICE_PATTERNS", "extract_access_key_id"],
    iam_actions: ["request_tag_context", "extract_resource_arn"],
    iam_evaluator: ["enforce", "evaluate_resource_policy", "EvalContext", "_is_root_key", "_signed_request", "pin_request_origin"],
    responses: ["request_scope", "get_account_id", "get_region"],
    lambda_runtime: ["reset"],
    iam: ["_roles", "_gen_session_access_key", "_gen_secret", "_gen_session_token"],
    sts: ["register_session"],
    eventbridge: ["_put_events", "_parse_rate_seconds", "_SCHEDULER_TICK_INTERVAL", "_scheduler_loop"],
    cloudwatch: ["_put_metric_data", "_evaluate_alarm", "_evaluate_all_alarms", "_alarms", "_metrics", "_calc_stats", "_stat_value", "_record_history", "_dispatch_alarm_actions", "_evaluate_parent_alarms"],
    cloudwatch_logs: ["_create_log_group", "_create_log_stream", "_put_log_events", "_filter_log_events", "_log_groups"],
    cloudformation: ["handle_request", "_stacks", "_change_sets"],
    stacks: ["_runs_on_worker_thread"],
    provisioners: ["_RESOURCE_HANDLERS", "_REPLACING_PROPERTIES", "_STACK_TAG_PROPERTY", "_physical_name"],
}  # fmt: skip


def test_everything_that_the_bridge_relies_on_is_there() -> None:
    missing = [f"{module.__name__}.{name}" for module, names in RELIED_ON.items() for name in names if not hasattr(module, name)]
    assert not missing, f"ministack {version('ministack')} has moved: {missing}"


def test_the_signatures_that_the_bridge_relies_on_are_unchanged() -> None:
    assert list(inspect.signature(iam_evaluator.enforce).parameters) == [
        "access_key_id", "iam_action", "service", "region", "resource_arn", "service_context",
    ]  # fmt: skip
    assert "allow_aws_source" in inspect.signature(eventbridge._put_events).parameters
    assert len(inspect.signature(iam_actions.request_tag_context).parameters) == 4


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/config"])
def test_control_paths_without_authentication_are_closed(deployed: Platform, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(f"{deployed.url}{path}", data=b"{}", method="POST"))
    assert caught.value.code == 403


def test_the_server_takes_nothing_of_the_callers_environment_to_its_functions(deployed: Platform) -> None:
    """Functions inherit the server's whole environment, so that must be clean."""
    assert deployed.environment.embedded
    server = psutil.Process(deployed.environment.embedded.pid)
    assert "MLP_STATE_DIR" not in server.environ()


def test_an_aws_profile_of_the_callers_shell_is_not_used(deployed: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(key, "elsewhere")
    environment = PlatformEnvironment("local")
    assert environment.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert environment.embedded
    variables = embedded_variables(environment.embedded, "us-east-1")
    assert "elsewhere" not in variables.values()
    assert variables["AWS_ENDPOINT_URL"] == deployed.url and "PATH" in variables


def test_an_alarm_looks_at_its_own_dimensions_only(deployed: Platform) -> None:
    cloudwatch_client = deployed.client("cloudwatch")
    for name in ("a", "b"):
        cloudwatch_client.put_metric_alarm(
            AlarmName=f"only-{name}", Namespace="Test", MetricName="Errors", Statistic="Sum", Period=600, EvaluationPeriods=1,
            Threshold=0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
            Dimensions=[{"Name": "Of", "Value": name}],
        )  # fmt: skip

    def states() -> dict[str, str]:
        found = cloudwatch_client.describe_alarms(AlarmNames=["only-a", "only-b"])["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

    wait_for(lambda: set(states().values()) == {"OK"})
    cloudwatch_client.put_metric_data(
        Namespace="Test", MetricData=[{"MetricName": "Errors", "Value": 1, "Dimensions": [{"Name": "Of", "Value": "a"}]}]
    )
    wait_for(lambda: states() == {"only-a": "ALARM", "only-b": "OK"})
    wait_for(lambda: states() == {"only-a": "OK", "only-b": "OK"}, seconds=30)


def test_down_leaves_no_process_even_after_the_server_was_killed(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MLP_STATE_DIR", str(tmp_path))
    embedded = local.start("local", free_port(), "000000000000", "us-east-1")
    child = psutil.Popen(["sleep", "600"], env={MARKER: embedded.instance})
    psutil.Process(embedded.pid).kill()
    assert local.stop()
    wait_for(lambda: not child.is_running(), seconds=10)
    assert not local.stop()


def test_a_taken_port_is_told(tmp_path, monkeypatch, deployed: Platform) -> None:
    monkeypatch.setenv("MLP_STATE_DIR", str(tmp_path))
    assert deployed.environment.embedded
    with pytest.raises(MlpError, match=r"is taken. Stop what listens there, or choose another"):
        local.start("local", deployed.environment.embedded.port, "000000000000", "us-east-1")
