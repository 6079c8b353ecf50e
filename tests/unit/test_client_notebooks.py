"""`mlp notebook`: names from the stack's outputs, states in words, waiting with progress, errors that say what to do."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from mlp.cli import notebooks as notebook_cli
from mlp.notebooks import instances as notebooks
from mlp.notebooks import state as states
from mlp.platform.errors import Failed, MlpError
from platform_contract.names import PlatformNames
from tests.unit.fake_aws import FakeClient, refusal

ARN = "arn:aws:sagemaker:eu-central-1:111122223333:notebook-instance/mlp-dev-nb-anna-lab-1a2b"
OUTPUTS = {
    "AnnaLabInstanceName": "mlp-dev-nb-anna-lab-1a2b",
    "AnnaLabLifecycle": "aaaaaaaaaaaa",
    "BobInstanceName": "mlp-dev-nb-bob-3c4d",
    "BobLifecycle": "bbbbbbbbbbbb",
    "WatchdogName": "mlp-dev-watchdog",
}


class Environment:
    """What the commands ask of an environment."""

    name, embedded = "dev", None

    def __init__(self) -> None:
        self.all_outputs: dict[str, str] = dict(OUTPUTS)
        self.answers: dict[str, Any] = {
            "start_notebook_instance": {},
            "stop_notebook_instance": {},
            "add_tags": {},
            "list_tags": {"Tags": []},
            "create_presigned_notebook_instance_url": {"AuthorizedUrl": "https://x.notebook.aws?authToken=" + "t" * 300},
        }
        self.logs: dict[str, Any] = {"get_log_events": {"events": []}}
        self.metrics: dict[str, Any] = {"get_metric_statistics": {"Datapoints": []}}
        self.clients = {
            "sagemaker": FakeClient("sagemaker", self.answers),
            "logs": FakeClient("logs", self.logs),
            "cloudwatch": FakeClient("cloudwatch", self.metrics),
        }
        watchdog = SimpleNamespace(max_keep_alive_hours=24, currency="EUR")
        self.settings = SimpleNamespace(prefix="mlp-dev", watchdog=watchdog)
        self.names = PlatformNames("mlp-dev")
        self.states("InService")

    def client(self, service: str) -> FakeClient:
        return self.clients[service]

    def outputs(self, concern: str) -> dict[str, str]:
        assert concern == "Notebooks"
        if not self.all_outputs:
            raise MlpError("Stack mlp-dev-Notebooks is not deployed")
        return self.all_outputs

    def states(self, *statuses: str, **more: Any) -> None:
        """Let DescribeNotebookInstance say these states one after the other, the last one for ever."""
        waiting = list(statuses)

        def describe(NotebookInstanceName: str) -> dict[str, Any]:
            status = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            moment = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
            return {
                "NotebookInstanceName": NotebookInstanceName,
                "NotebookInstanceArn": ARN,
                "NotebookInstanceStatus": status,
                "InstanceType": "ml.t3.medium",
                "LastModifiedTime": moment,
                **more,
            }

        self.answers["describe_notebook_instance"] = describe

    def says(self, *lines: dict[str, Any] | str) -> None:
        self.logs["get_log_events"] = {
            "events": [{"message": line if isinstance(line, str) else json.dumps(line)} for line in lines]
        }


def line(**changes: Any) -> dict[str, Any]:
    said = {
        "time": (datetime.now(UTC) - timedelta(seconds=42)).isoformat(),
        "verdict": "idle",
        "reason": "nothing runs; last activity 12 minutes ago",
        "idle_minutes": 12.3,
        "stops_in_minutes": 47.7,
        "lifecycle": "aaaaaaaaaaaa",
        "cpu_percent": 1.2,
    }
    return said | changes


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    found = Environment()
    monkeypatch.setattr(notebook_cli, "PlatformEnvironment", lambda _name: found)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(notebook_cli.show.console, "width", 200)
    return found


def run(*arguments: str) -> str:
    """Return what a command printed; its errors are raised."""
    done = CliRunner().invoke(notebook_cli.app, list(arguments), catch_exceptions=False, standalone_mode=False)
    if isinstance(done.exception, Exception):
        raise done.exception
    return done.output


@pytest.fixture
def said(environment: Environment, capsys: pytest.CaptureFixture[str]):
    """Return a function that runs a command and returns what a person sees."""

    def call(function: Any, *arguments: Any, **options: Any) -> str:
        with notebook_cli.show.console.capture() as shown:
            function(*arguments, **options)
        return shown.get()

    return call


def test_names_come_from_the_stacks_outputs(environment: Environment) -> None:
    found = notebooks.notebooks(environment)
    assert [(n.name, n.instance, n.lifecycle) for n in found] == [
        ("anna-lab", "mlp-dev-nb-anna-lab-1a2b", "aaaaaaaaaaaa"),
        ("bob", "mlp-dev-nb-bob-3c4d", "bbbbbbbbbbbb"),
    ]
    environment.all_outputs = {"AnnaLabInstanceName": "called-otherwise"}
    assert [(n.name, n.lifecycle) for n in notebooks.notebooks(environment)] == [("anna-lab", "")]


def test_unknown_notebooks_and_none_at_all_say_what_to_do(environment: Environment) -> None:
    with pytest.raises(MlpError, match="no notebook 'carl' in environment dev; notebooks there: anna-lab, bob"):
        notebooks.pick(environment, "carl")
    assert notebooks.pick(environment, "mlp-dev-nb-bob-3c4d").name == "bob"
    environment.all_outputs = {}
    with pytest.raises(MlpError, match=r"No notebook is deployed in dev. Name some under `notebooks:` in config/dev.yaml"):
        notebooks.notebooks(environment)


def test_the_list_shows_state_idleness_and_savings(environment: Environment, said) -> None:
    environment.says(line())
    environment.metrics["get_metric_statistics"] = lambda MetricName, **_: {
        "Datapoints": [{"Sum": 10.25}, {"Sum": 2.0}] if MetricName == "HoursOff" else []
    }
    rows = [row.split() for row in said(notebook_cli.list_all).splitlines()]
    assert rows[1] == ["anna-lab", "InService", "ml.t3.medium", "2026-11-24", "09:30", "UTC", "12", "min", "12.2", "-"]
    asked = environment.client("cloudwatch").calls[0][1]
    assert asked["Dimensions"] == [{"Name": "NotebookInstanceName", "Value": "mlp-dev-nb-anna-lab-1a2b"}]
    assert (asked["StartTime"].day, asked["StartTime"].hour) == (1, 0)
    environment.states("Stopped")
    assert said(notebook_cli.list_all).splitlines()[1].split()[1:5] == ["Stopped", "ml.t3.medium", "-", "-"]


def test_the_status_says_why_it_is_idle_and_when_it_stops(environment: Environment, said) -> None:
    environment.says("noise of a library", line(time="2026-11-24T10:00:00Z"))
    environment.answers["list_tags"] = {"Tags": [{"Key": "ml-platform:keep-alive-until", "Value": "2026-11-24T18:00:00Z"}]}
    shown = said(notebook_cli.status, "anna-lab")
    rows = dict(re.split(r"  +", row.strip(), maxsplit=1) for row in shown.splitlines())
    assert re.fullmatch(
        r"\d+ (minutes|hours) ago, at 2026-11-24 10:00 UTC|0 seconds ago, at 2026-11-24 10:00 UTC", rows.pop("said")
    )
    assert rows == {
        "notebook": "anna-lab (mlp-dev-nb-anna-lab-1a2b)",
        "status": "InService since 2026-11-24 09:30 UTC, ml.t3.medium",
        "kept until": "2026-11-24T18:00:00Z",
        "verdict": "idle: nothing runs; last activity 12 minutes ago",
        "idle since": "2026-11-24 09:47 UTC",
        "stops at": "2026-11-24 10:47 UTC",
        "lifecycle": "aaaaaaaaaaaa is deployed, aaaaaaaaaaaa was started last",
    }
    assert "newer lifecycle script" not in shown


def test_platform_time_that_runs_faster_is_told_in_minutes(environment: Environment, said, monkeypatch) -> None:
    monkeypatch.setattr(environment, "embedded", object(), raising=False)
    environment.says(line())
    assert "47.7 minutes of platform time after that" in said(notebook_cli.status, "bob")


def test_a_newer_lifecycle_script_is_told_with_what_to_do(environment: Environment, said) -> None:
    environment.says(line(lifecycle="000000000000"))
    assert "A newer lifecycle script is deployed" in said(notebook_cli.status, "anna-lab")
    assert "mlp notebook stop anna-lab && mlp notebook start anna-lab" in said(notebook_cli.status, "anna-lab")
    environment.states("Stopped")
    assert "newer lifecycle" not in said(notebook_cli.status, "anna-lab")


def test_an_agent_that_never_spoke_and_a_failure_are_shown(environment: Environment, said) -> None:
    environment.logs["get_log_events"] = refusal("GetLogEvents", "ResourceNotFoundException")
    environment.states("Failed", FailureReason="the script took longer than 5 minutes")
    shown = said(notebook_cli.status, "bob")
    assert "has said nothing yet" in shown
    assert "the script took longer than 5 minutes" in shown


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"time": "never", "verdict": "idle"}'])
def test_lines_that_are_none_of_the_agents_are_passed_over(environment: Environment, text: str) -> None:
    environment.says(line(verdict="busy"), text)
    found = states.last_check(environment, notebooks.pick(environment, "bob"))
    assert found is not None
    assert found.verdict == "busy"


def test_starting_waits_and_tells_each_state(environment: Environment) -> None:
    told: list[str] = []
    environment.states("Stopped", "Pending", "Pending", "InService")
    notebooks.start(environment, notebooks.pick(environment, "bob"), told.append)
    assert told == ["Stopped", "Pending", "InService"]
    assert environment.client("sagemaker").called("start_notebook_instance") == [{"NotebookInstanceName": "mlp-dev-nb-bob-3c4d"}]


def test_what_runs_is_not_started_and_what_stops_is_waited_for(environment: Environment) -> None:
    notebooks.start(environment, notebooks.pick(environment, "bob"), lambda _: None)
    assert not environment.client("sagemaker").called("start_notebook_instance")
    environment.states("Stopping", "Stopped")
    notebooks.stop(environment, notebooks.pick(environment, "bob"), lambda _: None)
    assert not environment.client("sagemaker").called("stop_notebook_instance")
    environment.states("InService", "Stopping", "Stopped")
    notebooks.stop(environment, notebooks.pick(environment, "bob"), lambda _: None)
    assert environment.client("sagemaker").called("stop_notebook_instance")


def test_a_start_that_fails_gives_the_reason_and_the_log(environment: Environment) -> None:
    environment.states("Stopped", "Pending", "Failed", FailureReason="OnStart failed")
    with pytest.raises(Failed, match=r"bob is not InService: OnStart failed .*/aws/sagemaker/NotebookInstances"):
        notebooks.start(environment, notebooks.pick(environment, "bob"), lambda _: None)


def test_the_url_is_one_line_that_can_be_copied(environment: Environment, said) -> None:
    assert said(notebook_cli.open_url, "bob") == "https://x.notebook.aws?authToken=" + "t" * 300 + "\n"
    environment.states("Stopped")
    with pytest.raises(MlpError, match=r"bob is Stopped, not InService. Start it with: mlp notebook start bob"):
        notebooks.url(environment, notebooks.pick(environment, "bob"))


def test_keeping_sets_the_tag_within_what_the_watchdog_honours(environment: Environment) -> None:
    until = notebooks.keep(environment, notebooks.pick(environment, "bob"), 8)
    (asked,) = environment.client("sagemaker").called("add_tags")
    assert asked == {"ResourceArn": ARN, "Tags": [{"Key": "ml-platform:keep-alive-until", "Value": until}]}
    assert abs(datetime.fromisoformat(until) - datetime.now(UTC) - timedelta(hours=8)) < timedelta(minutes=1)
    for hours in (0, 25):
        with pytest.raises(MlpError, match=f"--hours: got {hours}; the watchdog of dev honours more than 0 and at most 24"):
            notebooks.keep(environment, notebooks.pick(environment, "bob"), hours)


@pytest.mark.parametrize(("arguments", "expected"), [(["open", "nobody"], "There is no notebook 'nobody'"), (["keep", "bob", "--hours", "99"], "at most 24")])  # fmt: skip
def test_the_commands_pass_errors_on_as_sentences(environment: Environment, arguments: list[str], expected: str) -> None:
    with pytest.raises(MlpError, match=expected):
        run(*arguments)
