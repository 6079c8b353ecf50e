"""In which order, and how many at once, the steps of the embedded AWS's pipelines run."""

from typing import Any

import pytest

from local_aws.errors import invalid
from tests.unit.pipelines_bench import Bench, wait_for
from tests.unit.pipelines_steps import (
    FUNCTION,
    answering,
    compare,
    condition,
    fail,
    function,
    get,
    join,
    processing,
    register,
    training,
)

OUT = "Steps.{}.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def yes(*then: Any, otherwise: Any = ()) -> dict[str, Any]:
    return condition("gate", compare("Equals", 1, 1), then=then, otherwise=otherwise)


def test_steps_that_need_nothing_run_at_once_and_the_others_when_what_they_refer_to_has_succeeded(bench: Bench) -> None:
    bench.processing.held = {"a", "b"}
    bench.create(
        training("last", source=get(OUT.format("a")), DependsOn=["b"]), processing("a"), processing("b"), training("free")
    )
    arn = bench.start()
    wait_for(lambda: bench.processing.running == {"a", "b"} and bench.training.steps() == ["free"])
    bench.processing.release("a")
    wait_for(lambda: bench.status(arn, "a") == "Succeeded")
    assert "last" not in bench.steps(arn)
    bench.processing.release("b")
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    source = bench.training.created[-1][1]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert source == f"s3://b/a/{arn.rpartition('/')[2]}"


@pytest.mark.parametrize("where", ["pipeline", "start"])
def test_no_more_steps_run_at_once_than_the_parallelism_allows(bench: Bench, where: str) -> None:
    limit = {"ParallelismConfiguration": {"MaxParallelExecutionSteps": 2}}
    bench.processing.held = {"a", "b"}
    bench.create(*[processing(name) for name in "abcd"], **(limit if where == "pipeline" else {}))
    arn = bench.start(**(limit if where == "start" else {}))
    wait_for(lambda: bench.processing.running == {"a", "b"})
    assert bench.described(arn)["ParallelismConfiguration"] == limit["ParallelismConfiguration"]
    bench.processing.release("a", "b")
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert sorted(bench.processing.steps()) == ["a", "b", "c", "d"]
    assert bench.processing.most_at_once == 2


def test_a_running_execution_can_be_given_more_parallelism(bench: Bench) -> None:
    bench.processing.held = {"a", "b"}
    bench.create(processing("a"), processing("b"))
    arn = bench.start(ParallelismConfiguration={"MaxParallelExecutionSteps": 1})
    wait_for(lambda: bench.processing.running == {"a"})
    bench.call("UpdatePipelineExecution", PipelineExecutionArn=arn, ParallelismConfiguration={"MaxParallelExecutionSteps": 2})
    wait_for(lambda: bench.processing.running == {"a", "b"})
    bench.processing.release("a", "b")
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"


def test_after_a_failure_no_step_is_started_and_those_that_run_go_on_to_their_end(bench: Bench) -> None:
    bench.processing.held, bench.processing.fails = {"slow"}, {"bad": "AlgorithmError: row 4"}
    bench.create(
        processing("slow"), processing("bad"), training("after-slow", DependsOn=["slow"]), training("x", DependsOn=["bad"])
    )
    arn = bench.start()
    wait_for(lambda: bench.status(arn, "bad") == "Failed")
    assert bench.described(arn)["PipelineExecutionStatus"] == "Executing"
    bench.processing.release("slow")
    ended = bench.ended(arn)
    assert (ended["PipelineExecutionStatus"], bench.steps(arn)["slow"]["StepStatus"]) == ("Failed", "Succeeded")
    assert ended["FailureReason"] == "Step failure: One or multiple steps failed. bad: AlgorithmError: row 4"
    assert bench.training.steps() == []


def test_a_fail_step_waits_for_those_that_run_and_its_words_are_the_reason(bench: Bench) -> None:
    bench.processing.held = {"slow"}
    bench.create(processing("slow"), yes(fail("missed", join("misses its gate: ", get("Execution.PipelineName")))))
    arn = bench.start()
    wait_for(lambda: bench.status(arn, "missed") == "Failed")
    assert bench.described(arn)["PipelineExecutionStatus"] == "Executing"
    bench.processing.release("slow")
    assert bench.ended(arn)["FailureReason"] == "misses its gate: spam"
    assert bench.steps(arn)["missed"]["Metadata"] == {"Fail": {"ErrorMessage": "misses its gate: spam"}}


def test_the_steps_of_the_branch_taken_run_in_their_own_order_and_the_others_never(bench: Bench) -> None:
    bench.create(
        yes(training("t", source=get(OUT.format("p"))), processing("p"), otherwise=[processing("not")]),
        processing("needs-not", source=get(OUT.format("not"))),
        processing("needs-that", DependsOn=["needs-not"]),
        processing("needs-p", DependsOn=["p"]),
    )
    arn = bench.start()
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert set(bench.steps(arn)) == {"gate", "p", "t", "needs-p"}
    assert bench.steps(arn)["gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}


def test_a_later_step_sees_a_conditions_outcome(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering()
    bench.create(yes(), function("tell", {"gate": get("Steps.gate.Outcome")}))
    bench.ended(bench.start())
    assert bench.invoked[0][2] == {"gate": "True"}


def test_a_registered_version_is_in_metadata_and_properties(bench: Bench) -> None:
    bench.answers[FUNCTION] = answering()
    bench.create(
        register("keep"), function("tell", {"arn": get("Steps.keep.ModelPackageArn"), "n": get("Steps.keep.ModelPackageVersion")})
    )
    arn = bench.start()
    assert bench.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    package = bench.steps(arn)["keep"]["Metadata"]["RegisterModel"]["Arn"]
    assert bench.invoked[0][2] == {"arn": package, "n": 1}


def test_a_step_is_told_its_own_jobs_name(bench: Bench) -> None:
    bench.run(processing("p", environment={"ME": get("Execution.ProcessingJobName")}))
    parameters = bench.processing.created[0][1]
    assert parameters["Environment"]["ME"] == parameters["ProcessingJobName"]


def test_a_step_of_any_allowed_name_makes_a_job_of_an_allowed_name(bench: Bench) -> None:
    assert bench.run(processing("_under_scored_" * 4))["PipelineExecutionStatus"] == "Succeeded"


def test_an_exception_inside_a_step_ends_the_execution_and_shows_nothing_of_the_inside(bench: Bench) -> None:
    bench.processing.refusal = RuntimeError("secret inside")
    ended = bench.run(processing("a"))
    assert ended["PipelineExecutionStatus"] == "Failed"
    assert "InternalServerError" in ended["FailureReason"] and "secret" not in ended["FailureReason"]


def test_what_the_role_may_not_do_is_the_steps_reason(bench: Bench) -> None:
    bench.processing.refusal = invalid("User: pipeline is not authorized to perform: sagemaker:CreateProcessingJob")
    assert "not authorized to perform: sagemaker:CreateProcessingJob" in bench.run(processing("a"))["FailureReason"]


def test_steps_and_executions_tell_their_beginnings_and_their_ends(bench: Bench) -> None:
    bench.run(processing("a"))
    wait_for(lambda: len(bench.events) == 4)
    (_, begun), (_, step_begun), (step_name, step), (execution_name, execution) = bench.events
    assert begun["currentPipelineExecutionStatus"] == step_begun["currentStepStatus"] == "Executing"
    assert step["previousStepStatus"] == execution["previousPipelineExecutionStatus"] == "Executing"
    assert (step["stepName"], step["currentStepStatus"], execution["currentPipelineExecutionStatus"]) == (
        "a",
        "Succeeded",
        "Succeeded",
    )
    assert step_name.endswith("Execution Step Status Change") and execution_name.endswith("Execution Status Change")
