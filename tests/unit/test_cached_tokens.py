"""What CDK is asked once, and where a stack is."""

import gc

from aws_cdk import App, Stack
from constructs import Construct

from ml_platform.common.cached_tokens import PSEUDO_PARAMETERS, arn_scope, cached, stack_of
from tests.helpers import ACCOUNT, REGION, new_stack


class Asked:
    """Stands for a construct."""


def test_each_object_is_asked_once_and_forgotten_with_its_end() -> None:
    questions: list[int] = []

    @cached
    def number(asked: Asked) -> int:
        questions.append(id(asked))
        return len(questions)

    first, second = Asked(), Asked()
    assert [number(first), number(second), number(first), number(second)] == [1, 2, 1, 2]
    del first
    gc.collect()
    assert number(Asked()) == 3


def test_a_known_environment_gives_plain_texts() -> None:
    stack = new_stack()
    inner = Construct(stack, "Inner")
    assert stack_of(inner) is stack and stack_of(stack) is stack
    place = arn_scope(inner)
    assert (place.account, place.region, place.region_is_known) == (ACCOUNT, REGION, True)
    assert stack.resolve(place.arn("sns", "topic")) == {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":sns:{REGION}:{ACCOUNT}:topic"]]
    }


def test_an_unknown_environment_gives_pseudo_parameters() -> None:
    stack = Stack(App(), "Anywhere")
    place = arn_scope(stack)
    assert not place.region_is_known
    assert stack.resolve(place.arn("sns", "x")) == stack.resolve(PSEUDO_PARAMETERS.arn("sns", "x"))
    assert stack.resolve(place.global_arn("iam", "role/x")) == {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":role/x"]]
    }


def test_two_stacks_of_one_app_are_in_their_own_places() -> None:
    app = App()
    one = Stack(app, "One", env={"account": ACCOUNT, "region": "us-east-1"})
    two = Stack(app, "Two", env={"account": ACCOUNT, "region": "eu-west-1"})
    assert [arn_scope(stack).region for stack in (one, two, one)] == ["us-east-1", "eu-west-1", "us-east-1"]
