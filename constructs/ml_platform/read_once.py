"""Facts of constructs that never change, each asked for once: every question to CDK is a call into its Node process."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar
from weakref import WeakKeyDictionary

from aws_cdk import Aws, Duration, Size, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import IConstruct

Asked = TypeVar("Asked")
Fact = TypeVar("Fact")


def read_once(read: Callable[[Asked], Fact]) -> Callable[[Asked], Fact]:
    """Return `read`, remembering its answer for as long as the object that is asked lives."""
    known: WeakKeyDictionary[Asked, Fact] = WeakKeyDictionary()

    def remembered(asked: Asked) -> Fact:
        if asked not in known:
            known[asked] = read(asked)
        return known[asked]

    return remembered


@dataclass(frozen=True, kw_only=True)
class Place:
    """Partition, account and region, as texts or as CDK's tokens for them."""

    partition: str
    account: str
    region: str
    url_suffix: str

    @property
    def region_is_known(self) -> bool:
        """Whether the region is known before the deployment."""
        return not _is_token(self.region)

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource here."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account that is in no region, such as a role."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


WHEREVER = Place(partition=Aws.PARTITION, account=Aws.ACCOUNT_ID, region=Aws.REGION, url_suffix=Aws.URL_SUFFIX)
"""The place as CloudFormation's pseudo parameters name it, even where the stack's environment is known."""

_is_token = cache(Token.is_unresolved)


def _read_place(stack: Stack) -> Place:
    return replace(WHEREVER, account=stack.account, region=stack.region)


def _read_bucket_arn(bucket: s3.IBucket) -> str:
    return bucket.bucket_arn


def _read_bucket_name(bucket: s3.IBucket) -> str:
    return bucket.bucket_name


def _read_topic_arn(topic: sns.ITopic) -> str:
    return topic.topic_arn


def _read_key_arn(key: kms.IKey) -> str:
    return key.key_arn


def _read_role_arn(role: iam.IRole) -> str:
    return role.role_arn


def _read_stack_name(stack: Stack) -> str:
    return stack.stack_name


def _read_function_arn(function: lambda_.IFunction) -> str:
    return function.function_arn


def _read_gibibytes(size: Size) -> int:
    return int(size.to_gibibytes())


def _read_seconds(duration: Duration) -> int:
    return int(duration.to_seconds())


_stack_around = read_once(Stack.of)
_place_of_stack = read_once(_read_place)
bucket_arn = read_once(_read_bucket_arn)
bucket_name = read_once(_read_bucket_name)
key_arn = read_once(_read_key_arn)
topic_arn = read_once(_read_topic_arn)
role_arn = read_once(_read_role_arn)
function_arn = read_once(_read_function_arn)
seconds = read_once(_read_seconds)
gibibytes = read_once(_read_gibibytes)
stack_name = read_once(_read_stack_name)


def stack_of(scope: IConstruct) -> Stack:
    """Return the stack that `scope` is in, or is."""
    return scope if isinstance(scope, Stack) else _stack_around(scope)


def place_of(scope: IConstruct) -> Place:
    """Where the stack of `scope` is deployed."""
    return _place_of_stack(stack_of(scope))
