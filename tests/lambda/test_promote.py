"""Promotion: what is approved in the end is served, whatever the events' order and number."""

import json
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promote.logic import NO_VERSION, Action, StackState, decide, version_of
from promote.models import Approval, parse_approval
from tests.lambda_support import event

GROUP = "arn:aws:sagemaker:eu-central-1:111122223333:model-package/mlp-test-spam"
ONE, TWO, TEN = f"{GROUP}/1", f"{GROUP}/2", f"{GROUP}/10"


def approval(arn: str, approved: bool = True) -> Approval:
    return Approval("an-event", "mlp-test-spam", arn, approved)


def stack(served: str = NO_VERSION, status: str = "UPDATE_COMPLETE", outcome: str | None = None) -> StackState:
    return StackState(status, served, outcome)


@pytest.mark.parametrize(
    ("about", "approved", "state", "action", "version"),
    [
        (approval(ONE), [ONE], stack(), Action.UPDATE, ONE),
        (approval(TWO), [ONE, TWO], stack(ONE), Action.UPDATE, TWO),
        (approval(TEN), [TWO, TEN], stack(TWO), Action.UPDATE, TEN),
        (approval(TWO), [ONE, TWO], stack(TWO), Action.NOTHING, TWO),
        (approval(ONE), [ONE, TWO], stack(TWO), Action.NOTHING, TWO),
        (approval(ONE), [ONE], stack(TWO), Action.UPDATE, ONE),
        (approval(ONE), [], stack(), Action.NOTHING, NO_VERSION),
        (approval(TWO), [TWO], stack(ONE, "UPDATE_IN_PROGRESS"), Action.WAIT, NO_VERSION),
        (approval(TWO), [TWO], stack(ONE, "UPDATE_ROLLBACK_IN_PROGRESS"), Action.WAIT, NO_VERSION),
        (approval(TWO), [TWO], stack(TWO, outcome="UPDATE_COMPLETE"), Action.VERIFY, TWO),
        (approval(TWO), [TWO], stack(ONE, "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"), Action.REPORT_FAILURE, ONE),
        (approval(TWO, False), [ONE], stack(TWO), Action.REPORT_REJECTED, TWO),
        (approval(TWO, False), [ONE], stack(ONE), Action.NOTHING, TWO),
    ],
    ids=[
        "the first approval deploys",
        "a newer version replaces an older one",
        "versions are compared as numbers",
        "a duplicate does nothing",
        "a late event of an older version does nothing",
        "an older version is approved again after the newer was rejected",
        "an approval taken back meanwhile does nothing",
        "a busy stack makes it wait",
        "a stack that rolls back makes it wait",
        "a finished update is verified",
        "a rolled back update is told and not tried again",
        "rejecting what serves is told and takes nothing down",
        "rejecting what does not serve does nothing",
    ],
)
def test_decisions(about, approved, state, action, version) -> None:
    decision = decide(about, approved, state)
    assert (decision.action, decision.package_arn) == (action, version)


@given(
    approved=st.sets(st.integers(1, 50), min_size=1),
    order=st.randoms(use_true_random=False),
    repeats=st.integers(1, 3),
)
def test_any_order_and_number_of_events_ends_with_the_newest_approved_version_live(approved, order, repeats) -> None:
    arns = [f"{GROUP}/{number}" for number in approved]
    messages = arns * repeats
    order.shuffle(messages)
    served = NO_VERSION
    for arn in messages:
        decision = decide(approval(arn), arns, stack(served))
        if decision.action is Action.UPDATE:
            served = decision.package_arn
    assert version_of(served) == max(approved)


def test_a_real_event_is_read() -> None:
    parsed = parse_approval(json.dumps(event("model_package_state_change")))
    assert parsed == Approval("844e2571-85d4-695f-b930-0153b71dcb42", "mlp-test-spam", TWO, True)
    assert parsed.token == "promote-844e2571-85d4-695f-b930-0153b71dcb42"


class FakeAws:
    """CloudFormation and SageMaker, as far as promotion asks them."""

    def __init__(self) -> None:
        self.state, self.approved, self.problem = stack(), [TWO], None
        self.updates, self.notified, self.again = [], [], []
        self.on_update = None

    def approved_versions(self, _model):
        return self.approved

    def stack_state(self, _model, _approval):
        return self.state

    def update(self, model, arn, token):
        if self.on_update:
            raise self.on_update
        self.updates.append((model.stack_name, model.release_role_name, arn, token))

    def problem_with(self, _model):
        return self.problem

    def notify(self, subject, message):
        self.notified.append((subject, message))

    def look_again(self, queue, handle, seconds):
        self.again.append((queue, handle, seconds))


@pytest.fixture
def promote(load_function, monkeypatch) -> SimpleNamespace:
    models = [
        {
            "name": "spam",
            "group_name": "mlp-test-spam",
            "stack_name": "mlp-test-Serving-spam",
            "endpoint_name": "mlp-test-spam",
            "release_role_name": "mlp-test-spam-release",
            "parameter": "ModelPackageArn",
            "sample": "Sample",
        }
    ]
    environment = {
        "RETRY_SECONDS": "30",
        "ROLE_ARN_PREFIX": "arn:aws:iam::111122223333:role/",
        "ALERTS_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:alerts",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    module: ModuleType = load_function("promote", {"models.json": json.dumps(models)}, environment)
    fake = FakeAws()
    monkeypatch.setattr(module, "AWS", fake)
    return SimpleNamespace(module=module, aws=fake)


def deliver(promote: SimpleNamespace, **detail) -> list:
    message, change = event("sqs"), event("model_package_state_change")
    change["detail"] |= detail
    message["Records"][0]["body"] = json.dumps(change)
    return promote.module.handler(message, None)["batchItemFailures"]


def names(promote: SimpleNamespace) -> type:
    import sys

    return sys.modules["promote.aws"].Busy


UNSETTLED = [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]


def test_an_approval_starts_the_update_and_comes_back_for_its_outcome(promote) -> None:
    assert deliver(promote) == UNSETTLED
    token = "promote-844e2571-85d4-695f-b930-0153b71dcb42"
    assert promote.aws.updates == [("mlp-test-Serving-spam", "mlp-test-spam-release", TWO, token)]
    assert promote.aws.again == [("arn:aws:sqs:eu-central-1:111122223333:promotions", "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", 30)]


def test_somebody_elses_update_between_look_and_start_loses_no_approval(promote) -> None:
    promote.aws.on_update = names(promote)("is in UPDATE_IN_PROGRESS state")
    assert deliver(promote) == UNSETTLED


def test_a_finished_release_is_verified_and_told(promote) -> None:
    promote.aws.state = stack_from(promote, TWO, outcome="UPDATE_COMPLETE")
    assert deliver(promote) == []
    assert promote.aws.notified[0][0] == "spam version 2 is live"


def test_a_release_that_does_not_answer_is_told_with_the_way_back(promote) -> None:
    promote.aws.state = stack_from(promote, TWO, outcome="UPDATE_COMPLETE")
    promote.aws.problem = "the model does not answer its sample"
    deliver(promote)
    assert "mlp reject spam 2" in promote.aws.notified[0][1]


def test_a_rolled_back_release_is_told_once_and_not_repeated(promote) -> None:
    promote.aws.state = stack_from(promote, ONE, "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert deliver(promote) == []
    assert "rolled back" in promote.aws.notified[0][0] and not promote.aws.updates


def test_rejecting_the_live_version_only_tells(promote) -> None:
    promote.aws.state = stack_from(promote, TWO)
    assert deliver(promote, ModelApprovalStatus="Rejected") == []
    assert "still serves" in promote.aws.notified[0][1] and not promote.aws.updates


def stack_from(promote: SimpleNamespace, *arguments, **named):
    """Make the state with the class of the module under test, which was imported afresh."""
    served, status = arguments[0], arguments[1] if len(arguments) > 1 else "UPDATE_COMPLETE"
    outcome = arguments[2] if len(arguments) > 2 else named.get("outcome")
    return StackState(status, served, outcome)
