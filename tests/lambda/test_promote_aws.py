"""The very calls that promotion makes, checked by botocore's stubs against AWS's own model."""

import pytest
from botocore.stub import ANY, Stubber

from platform_contract.promotion import PromotedModel
from promote.aws import Aws, Busy
from promote.models import Approval

MODEL = PromotedModel(
    name="spam",
    group_name="mlp-test-spam",
    stack_name="mlp-test-Serving-spam",
    endpoint_name="mlp-test-spam",
    release_role_name="mlp-test-spam-release",
    parameter="ModelPackageArn",
    sample="Sample",
)
STACK_ID = "arn:aws:cloudformation:eu-central-1:111122223333:stack/mlp-test-Serving-spam/1"
STACK = {
    "StackName": MODEL.stack_name,
    "StackId": STACK_ID,
    "StackStatus": "UPDATE_COMPLETE",
    "CreationTime": "2026-11-23T00:00:00Z",
    "Parameters": [
        {"ParameterKey": "ModelPackageArn", "ParameterValue": "none"},
        {"ParameterKey": "Other", "ParameterValue": "x"},
    ],
    "Outputs": [{"OutputKey": "Sample", "OutputValue": '{"a": 1}'}],
}


@pytest.fixture
def aws(monkeypatch) -> Aws:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Aws("arn:aws:iam::111122223333:role/", "arn:aws:sns:eu-central-1:111122223333:alerts")


def stub_update(stubber: Stubber) -> dict:
    stubber.add_response("describe_stacks", {"Stacks": [STACK]}, {"StackName": MODEL.stack_name})
    return {
        "StackName": MODEL.stack_name,
        "UsePreviousTemplate": True,
        "Parameters": [
            {"ParameterKey": "Other", "UsePreviousValue": True},
            {"ParameterKey": "ModelPackageArn", "ParameterValue": "arn:new"},
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "RoleARN": "arn:aws:iam::111122223333:role/mlp-test-spam-release",
        "ClientRequestToken": "promote-1",
    }


def test_the_update_keeps_the_template_and_all_other_parameters(aws) -> None:
    with Stubber(aws._cloudformation) as stubber:
        expected = stub_update(stubber)
        stubber.add_response("update_stack", {"StackId": STACK_ID}, expected)
        aws.update(MODEL, "arn:new", "promote-1")
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("message", "raised"),
    [
        ("Stack:x is in UPDATE_IN_PROGRESS state and can not be updated.", Busy),
        ("No updates are to be performed.", None),
        ("Template error", Exception),
    ],
)
def test_what_cloudformation_refuses_is_told_apart(aws, message, raised) -> None:
    with Stubber(aws._cloudformation) as stubber:
        expected = stub_update(stubber)
        stubber.add_client_error("update_stack", "ValidationError", message, expected_params=expected)
        if raised is None:
            aws.update(MODEL, "arn:new", "promote-1")
        else:
            with pytest.raises(raised):
                aws.update(MODEL, "arn:new", "promote-1")


def test_the_outcome_is_that_of_this_messages_own_update(aws) -> None:
    def entry(token: str, resource: str, status: str) -> dict:
        return {
            "StackId": STACK_ID,
            "EventId": f"{token}{status}",
            "StackName": MODEL.stack_name,
            "PhysicalResourceId": resource,
            "ResourceStatus": status,
            "ClientRequestToken": token,
            "Timestamp": "2026-11-23T00:00:00Z",
        }

    events = [
        entry("promote-2", STACK_ID, "UPDATE_COMPLETE"),
        entry("promote-1", "endpoint", "UPDATE_FAILED"),
        entry("promote-1", STACK_ID, "UPDATE_ROLLBACK_COMPLETE"),
        entry("promote-1", STACK_ID, "UPDATE_IN_PROGRESS"),
    ]
    with Stubber(aws._cloudformation) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": [STACK]}, {"StackName": MODEL.stack_name})
        stubber.add_response("describe_stack_events", {"StackEvents": events}, {"StackName": STACK_ID})
        state = aws.stack_state(MODEL, Approval("1", MODEL.group_name, "arn:x", True))
    assert (state.update_outcome, state.served_arn) == ("UPDATE_ROLLBACK_COMPLETE", "none")


def test_an_endpoint_that_fell_back_is_a_problem(aws) -> None:
    described = {
        "EndpointName": "mlp-test-spam",
        "EndpointArn": "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/mlp-test-spam",
        "EndpointStatus": "InService",
        "FailureReason": "did not pass the ping health check",
        "CreationTime": "2026-11-23T00:00:00Z",
        "LastModifiedTime": "2026-11-23T00:00:00Z",
    }
    with Stubber(aws._sagemaker) as stubber:
        stubber.add_response("describe_endpoint", described, {"EndpointName": "mlp-test-spam"})
        assert "ping health check" in str(aws.problem_with(MODEL))


def test_a_stack_without_a_sample_is_good_when_its_endpoint_is(aws) -> None:
    described = {
        "EndpointName": "mlp-test-spam",
        "EndpointArn": "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/mlp-test-spam",
        "EndpointStatus": "InService",
        "CreationTime": "2026-11-23T00:00:00Z",
        "LastModifiedTime": "2026-11-23T00:00:00Z",
    }
    with Stubber(aws._sagemaker) as sagemaker, Stubber(aws._cloudformation) as cloudformation, Stubber(aws._runtime):
        sagemaker.add_response("describe_endpoint", described, {"EndpointName": "mlp-test-spam"})
        cloudformation.add_response("describe_stacks", {"Stacks": [{**STACK, "Outputs": []}]}, {"StackName": MODEL.stack_name})
        assert aws.problem_with(MODEL) is None


def test_messages_are_made_visible_soon(aws) -> None:
    queue = {"QueueName": "promotions", "QueueOwnerAWSAccountId": "111122223333"}
    with Stubber(aws._sqs) as stubber:
        stubber.add_response("get_queue_url", {"QueueUrl": "https://sqs/promotions"}, queue)
        expected = {"QueueUrl": ANY, "ReceiptHandle": "handle", "VisibilityTimeout": 30}
        stubber.add_response("change_message_visibility", {}, expected)
        aws.look_again("arn:aws:sqs:eu-central-1:111122223333:promotions", "handle", 30)
        stubber.assert_no_pending_responses()
