"""Executions of the embedded AWS's pipelines that are stopped and retried."""

import json
import threading
from typing import Any

import pytest

from local_aws.sagemaker.pipelines import run as pipeline_run
from local_aws.sagemaker.pipelines.lambda_step import Answer
from tests.unit.pipelines_bench import Bench, wait_for
from tests.unit.pipelines_steps import (
    FUNCTION,
    compare,
    condition,
    definition,
    fail,
    function,
    get,
    join,
    processing,
    refusal,
    register,
    token,
    training,
)

OUT = "Steps.{}.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def yes(*then: Any, otherwise: Any = ()) -> dict[str, Any]:
    return condition("gate", compare("Equals", 1, 1), then=then, otherwise=otherwise)


def test_all_running_jobs_are_stopped_and_no_step_is_started(bench: Bench) -> None:
    bench.processing.held, bench.training.held = {"a", "b"}, {"c"}
    bench.create(processing("a"), processing("b"), training("c"), training("later", DependsOn=["a"]))
    arn = bench.start()
    wait_for(lambda: len(bench.processing.running | bench.training.running) == 3)
    bench.stop(arn)
    ended = bench.ended(arn)
    assert ended["PipelineExecutionStatus"] == "Stopped" and "FailureReason" not in ended
    assert {name: step["StepStatus"] for name, step in bench.steps(arn).items()} == dict.fromkeys("abc", "Stopped")
    assert bench.training.steps() == ["c"]


def test_a_function_that_runs_is_waited_for_and_its_execution_is_stopped(bench: Bench) -> None:
    going, finish = threading.Event(), threading.Event()

    def slow(_event: dict[str, Any]) -> Answer:
        going.set()
        finish.wait()
        return Answer(b"{}")

    bench.answers[FUNCTION] = slow
    bench.create(function("slow"), training("later", DependsOn=["slow"]))
    arn = bench.start()
    going.wait()
    bench.stop(arn)
    bench.stop(arn)
    assert bench.described(arn)["PipelineExecutionStatus"] == "Stopping"
    assert bench.steps(arn)["slow"]["StepStatus"] == "Stopping"
    finish.set()
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert bench.steps(arn)["slow"]["StepStatus"] == "Succeeded" and bench.training.steps() == []


def test_a_stop_that_comes_while_the_start_is_under_way_stops_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.create(processing("a"))
    begin = pipeline_run.PipelineRun.start

    def stop_first(run: pipeline_run.PipelineRun) -> None:
        arn = run._record["PipelineExecutionArn"]
        bench.stop(arn)
        begin(run)

    monkeypatch.setattr(pipeline_run.PipelineRun, "start", stop_first)
    arn = bench.start()
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert bench.steps(arn) == {} and bench.processing.steps() == []


def test_what_has_ended_cannot_be_stopped(bench: Bench) -> None:
    arn = bench.run(processing("a"))["PipelineExecutionArn"]
    error = refusal(lambda: bench.stop(arn))
    assert error.code == "ValidationException" and "has status Succeeded; only an Executing one can be stopped" in str(error)


def test_a_job_that_somebody_else_stops_fails_its_step(bench: Bench) -> None:
    bench.processing.held = {"a"}
    bench.create(processing("a"))
    arn = bench.start()
    name = wait_for(lambda: bench.processing.created)[0][1]["ProcessingJobName"]
    bench.call("StopProcessingJob", ProcessingJobName=name)
    assert "was stopped" in bench.ended(arn)["FailureReason"]


def test_a_retry_keeps_what_succeeded_and_runs_the_rest_with_the_executions_own_definition(bench: Bench) -> None:
    bench.training.fails = {"t": "AlgorithmError: bad luck"}
    parameters = [{"Name": "Rate", "Type": "Float", "DefaultValue": 0.5}]
    steps = [
        yes(processing("p")),
        training("t", source=get(OUT.format("p")), hyperparameters={"rate": join(get("Parameters.Rate"))}),
        register("keep"),
    ]
    bench.create(*steps, parameters=parameters)
    arn = bench.start(given={"Rate": "0.25"})
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Failed"
    first = bench.steps(arn)
    bench.call("UpdatePipeline", PipelineName="spam", PipelineDefinition=json.dumps(definition(processing("another"))))
    bench.training.fails = {}
    bench.retry(arn)
    ended = bench.ended(arn)
    assert ended["PipelineExecutionStatus"] == "Succeeded" and "FailureReason" not in ended
    again = bench.steps(arn)
    assert bench.processing.steps() == ["p"] and len(bench.packages) == 1
    assert again["p"] == first["p"] and again["gate"] == first["gate"]
    assert (first["t"]["AttemptCount"], again["t"]["AttemptCount"], again["t"]["StepStatus"]) == (1, 2, "Succeeded")
    assert bench.training.created[1][1]["HyperParameters"] == {"rate": "0.25"}
    assert bench.training.created[1][1]["InputDataConfig"] == bench.training.created[0][1]["InputDataConfig"]


def test_a_stopped_execution_can_be_retried_with_another_parallelism(bench: Bench) -> None:
    bench.processing.held = {"a", "b", "c"}
    bench.create(processing("a"), processing("b"), processing("c"))
    arn = bench.start()
    wait_for(lambda: len(bench.processing.running) == 3)
    bench.stop(arn)
    bench.ended(arn)
    bench.processing.most_at_once = 0
    bench.retry(arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    bench.processing.release("a", "b", "c")
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert bench.processing.most_at_once == 1


def test_the_same_token_retries_nothing_twice_even_after_it_failed_again(bench: Bench) -> None:
    bench.processing.fails = {"a": "no"}
    arn = bench.run(processing("a"))["PipelineExecutionArn"]
    same = token()
    for _ in range(2):
        bench.retry(arn, ClientRequestToken=same)
        assert bench.ended(arn)["PipelineExecutionStatus"] == "Failed"
    assert bench.processing.steps() == ["a", "a"] and bench.steps(arn)["a"]["AttemptCount"] == 2


def test_only_failed_and_stopped_executions_can_be_retried_and_none_that_ended_with_a_fail_step(bench: Bench) -> None:
    bench.processing.held = {"a"}
    bench.create(processing("a"))
    running = bench.start()
    assert "has status Executing" in str(refusal(lambda: bench.retry(running)))
    bench.processing.release("a")
    bench.ended(running)
    assert "has status Succeeded" in str(refusal(lambda: bench.retry(running)))
    bench.create(yes(fail("missed", "no")), name="other")
    failed = bench.start("other")
    bench.ended(failed)
    assert "ended with the Fail step missed and cannot be retried" in str(refusal(lambda: bench.retry(failed)))


def test_a_stop_and_a_retry_are_told_with_the_status_before(bench: Bench) -> None:
    bench.training.held = {"t"}
    bench.create(training("t"))
    arn = bench.start()
    wait_for(lambda: bench.training.running)
    bench.stop(arn)
    bench.ended(arn)
    wait_for(lambda: len(told(bench)) == 3)
    bench.training.held = set()
    bench.retry(arn)
    bench.ended(arn)
    wait_for(lambda: len(told(bench)) == 5)
    assert told(bench) == [
        (None, "Executing"),
        ("Executing", "Stopping"),
        ("Stopping", "Stopped"),
        ("Stopped", "Executing"),
        ("Executing", "Succeeded"),
    ]


def told(bench: Bench) -> list[tuple[str | None, str]]:
    """Return status before and after of each event of the execution itself."""
    details = [detail for name, detail in bench.events if name.endswith("Execution Status Change")]
    return [(d.get("previousPipelineExecutionStatus"), d["currentPipelineExecutionStatus"]) for d in details]
