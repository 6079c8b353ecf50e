"""The very calls that the gate makes, checked by botocore's stubs against AWS's own model; and the handler around them."""

import io
import json
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from gate.aws import Aws, VersionGone
from gate.models import Deployed, DeployedRequest

GROUP = "mlp-test-spam"
ARN = f"arn:aws:sagemaker:eu-central-1:111122223333:model-package/{GROUP}/"
STACK = {"StackName": "mlp-test-Serving-spam", "StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-11-23T00:00:00Z"}
PREFIX = "s3://artifacts/models/spam/evaluation/abc"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def aws(environment: None) -> Aws:
    return Aws()


@pytest.fixture
def sagemaker(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws._sagemaker) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def s3(aws: Aws) -> Iterator[Stubber]:
    with Stubber(aws._s3) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def asked(stack: str = "", compare_with: str = "deployed") -> DeployedRequest:
    return DeployedRequest(GROUP, stack, compare_with, "s3://assets/code.gz", "ModelPackageArn")


def listed(*numbers: int) -> list[dict]:
    return [
        {
            "ModelPackageArn": f"{ARN}{number}",
            "CreationTime": "2026-11-23T00:00:00Z",
            "ModelPackageStatus": "Completed",
            "ModelPackageName": "x",
        }
        for number in numbers
    ]


def described(number: int, **container: str) -> dict:
    return {
        "ModelPackageName": "x",
        "ModelPackageArn": f"{ARN}{number}",
        "CreationTime": "2026-11-23T00:00:00Z",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": {"Containers": [{"Image": "i", **container}]},
    }


def expect_stack(stubber: Stubber, *parameters: tuple[str, str]) -> None:
    found = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters]
    stubber.add_response("describe_stacks", {"Stacks": [{**STACK, "Parameters": found}]}, {"StackName": STACK["StackName"]})


def test_with_a_stack_the_version_is_the_one_that_it_was_given(aws: Aws, sagemaker: Stubber) -> None:
    sagemaker.add_response(
        "describe_model_package", described(3, ModelDataUrl="s3://a/m.tar.gz"), {"ModelPackageName": f"{ARN}3"}
    )
    with Stubber(aws._cloudformation) as stubber:
        expect_stack(stubber, ("Other", "x"), ("ModelPackageArn", f"{ARN}3"))
        assert aws.deployed(asked(STACK["StackName"])) == Deployed("3", "s3://a/m.tar.gz")


def test_of_two_endpoints_in_one_stack_each_has_its_own_parameter(aws: Aws, sagemaker: Stubber) -> None:
    sagemaker.add_response("describe_model_package", described(4, ModelDataUrl="s3://a/m"), {"ModelPackageName": f"{ARN}4"})
    with Stubber(aws._cloudformation) as stubber:
        expect_stack(stubber, ("ModelPackageArn", f"{ARN}3"), ("FraudArn", f"{ARN}4"))
        assert aws.deployed(DeployedRequest(GROUP, STACK["StackName"], "deployed", "s3://f", "FraudArn")) == Deployed(
            "4", "s3://a/m"
        )


@pytest.mark.parametrize("parameters", [[("ModelPackageArn", "none")], []])
def test_a_stack_that_was_given_no_version_serves_none(aws: Aws, parameters: list[tuple[str, str]]) -> None:
    with Stubber(aws._cloudformation) as stubber:
        expect_stack(stubber, *parameters)
        assert aws.deployed(asked(STACK["StackName"])) == Deployed("none", "s3://assets/code.gz")


def test_a_stack_that_does_not_exist_serves_none(aws: Aws) -> None:
    with Stubber(aws._cloudformation) as stubber:
        stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        assert aws.deployed(asked(STACK["StackName"])) == Deployed("none", "s3://assets/code.gz")


def test_other_errors_are_not_taken_for_a_missing_stack(aws: Aws) -> None:
    with Stubber(aws._cloudformation) as stubber:
        stubber.add_client_error("describe_stacks", "AccessDenied", "not authorized")
        with pytest.raises(Exception, match="not authorized"):
            aws.deployed(asked(STACK["StackName"]))


def test_without_a_stack_the_newest_approved_version_of_all_pages_counts(aws: Aws, sagemaker: Stubber) -> None:
    query = {"ModelPackageGroupName": GROUP, "ModelApprovalStatus": "Approved"}
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": listed(2, 9), "NextToken": "more"}, query)
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": listed(10, 1)}, {**query, "NextToken": "more"})
    sagemaker.add_response("describe_model_package", described(10, ModelDataUrl="s3://a/10"), {"ModelPackageName": f"{ARN}10"})
    assert aws.deployed(asked()) == Deployed("10", "s3://a/10")


def test_without_an_approved_version_there_is_none(aws: Aws, sagemaker: Stubber) -> None:
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": []})
    assert aws.deployed(asked()) == Deployed("none", "s3://assets/code.gz")


def test_who_compares_with_none_asks_nobody(aws: Aws, sagemaker: Stubber) -> None:
    assert aws.deployed(asked(compare_with="none")) == Deployed("none", "s3://assets/code.gz")


def test_a_version_that_is_gone_says_what_to_do(aws: Aws, sagemaker: Stubber) -> None:
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": listed(4)})
    sagemaker.add_client_error("describe_model_package", "ValidationException", f"ModelPackage {ARN}4 does not exist.")
    with pytest.raises(VersionGone, match=r"spam/4 serves, but is no longer in the registry; .*--compare-with none"):
        aws.deployed(asked())
    sagemaker.add_response("list_model_packages", {"ModelPackageSummaryList": listed(4)})
    sagemaker.add_response("describe_model_package", described(4))
    with pytest.raises(VersionGone, match="names no artifact"):
        aws.deployed(asked())


def expect_objects(stubber: Stubber, objects: dict[str, str]) -> None:
    query = {"Bucket": "artifacts", "Prefix": "models/spam/evaluation/abc/"}
    stubber.add_response(
        "list_objects_v2", {"Contents": [{"Key": f"models/spam/evaluation/abc/{name}"} for name in objects]}, query
    )
    for name, text in objects.items():
        body = {"Body": StreamingBody(io.BytesIO(text.encode()), len(text.encode()))}
        stubber.add_response("get_object", body, {"Bucket": "artifacts", "Key": f"models/spam/evaluation/abc/{name}"})


@pytest.fixture
def gate(load_function: Callable[..., ModuleType], environment: None) -> Iterator[ModuleType]:
    yield load_function("gate", {}, {})


def check(gate: ModuleType, objects: dict[str, str], version: str = "3") -> tuple[dict, dict]:
    """Return the function's answer and the gate.json that it wrote."""
    written: dict = {}
    rules = [{"metric": "accuracy", "minimum": 0.85, "max_regression": 0.02}]
    event = {"operation": "check", "evaluation": PREFIX, "deployed_version": version, "rules": json.dumps(rules)}
    gate.AWS._s3.meta.events.register("before-parameter-build.s3.PutObject", lambda params, **_: written.update(params))
    with Stubber(gate.AWS._s3) as stubber:
        expect_objects(stubber, objects)
        stubber.add_response("put_object", {})
        answer = gate.handler(event, None)
        stubber.assert_no_pending_responses()
    assert (written["Bucket"], written["Key"]) == ("artifacts", "models/spam/evaluation/abc/gate.json")
    return answer, json.loads(written["Body"])


def test_the_verdict_is_answered_and_written_beside_the_evaluation(gate: ModuleType) -> None:
    new = json.dumps({"metrics": {"accuracy": 0.9}, "model_sha256": "b" * 64})
    deployed = json.dumps({"metrics": {"accuracy": 0.95}})
    answer, written = check(gate, {"evaluation.json": new, "deployed/evaluation.json": deployed})
    reason = "accuracy 0.9 is 0.05 worse than 0.95 of deployed version 3, more than the allowed 0.02"
    assert answer == {
        "passed": "false",
        "reasons": reason,
        "summary": "missed / compared with deployed version 3 / accuracy 0.9 is at least 0.85 / "
        "accuracy 0.9 is 0.05 worse than 0.95 of deployed version 3 more than the allowed 0.02",
        "model_sha256": "b" * 64,
    }
    assert written["passed"] is False and written["checks"][1]["says"] == reason


def test_without_a_live_version_its_files_are_not_read(gate: ModuleType) -> None:
    answer, written = check(gate, {"evaluation.json": '{"metrics": {"accuracy": 0.9}}'}, version="none")
    assert answer["passed"] == "true" and written["deployed_version"] == "none"


def test_files_that_are_not_there_are_told(gate: ModuleType) -> None:
    answer, _ = check(gate, {})
    assert answer["reasons"] == "evaluate.py wrote no evaluation.json"
    answer, _ = check(gate, {"evaluation.json": '{"metrics": {"accuracy": 0.9}}', "deployed/failed.txt": "ImportError: x"})
    assert "deployed version 3: evaluate.py failed on it: ImportError: x; to go on" in answer["reasons"]


def test_the_live_step_is_answered(gate: ModuleType) -> None:
    event = {
        "operation": "deployed",
        "group": GROUP,
        "stack": "",
        "compare_with": "none",
        "fallback": "s3://assets/code.gz",
        "parameter": "P",
    }
    assert gate.handler(event, None) == {"version": "none", "artifact": "s3://assets/code.gz"}
