"""What CDK is asked most often, each answer kept: every question is a call into its Node process, of about 0.6 ms.

Six models and a notebook ask 780 times for what 60 answers hold; keeping them saves a sixth of the time in which the stacks are
built. What is asked less often is read where it is used. Measured by `python -m bench token_caches`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar
from weakref import WeakKeyDictionary

from aws_cdk import Aws, Duration, Stack, Token
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def cached(read: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """Return `read`, remembering its answer for as long as the object that is asked lives."""
    known: WeakKeyDictionary[Asked, Answer] = WeakKeyDictionary()

    def remembered(asked: Asked) -> Answer:
        if asked not in known:
            known[asked] = read(asked)
        return known[asked]

    return remembered


@dataclass(frozen=True, kw_only=True)
class ArnScope:
    """Partition, account and region of ARNs, as texts or as CDK's tokens for them."""

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


PSEUDO_PARAMETERS = ArnScope(partition=Aws.PARTITION, account=Aws.ACCOUNT_ID, region=Aws.REGION, url_suffix=Aws.URL_SUFFIX)
"""CloudFormation's pseudo parameters, even where the stack's environment is known."""

_is_token = cache(Token.is_unresolved)
_stack_around = cached(Stack.of)


@cached
def _scope_of_stack(stack: Stack) -> ArnScope:
    return replace(PSEUDO_PARAMETERS, account=stack.account, region=stack.region)


@cached
def bucket_arn(bucket: s3.IBucket) -> str:
    """ARN of a bucket."""
    return bucket.bucket_arn


@cached
def bucket_name(bucket: s3.IBucket) -> str:
    """Name of a bucket."""
    return bucket.bucket_name


@cached
def key_arn(key: kms.IKey) -> str:
    """ARN of a key."""
    return key.key_arn


@cached
def function_arn(function: lambda_.IFunction) -> str:
    """ARN of a function."""
    return function.function_arn


@cached
def seconds(duration: Duration) -> int:
    """Whole seconds of a duration."""
    return int(duration.to_seconds())


def stack_of(scope: IConstruct) -> Stack:
    """Return the stack that `scope` is in, or is."""
    return scope if isinstance(scope, Stack) else _stack_around(scope)


def arn_scope(scope: IConstruct) -> ArnScope:
    """Account and region of the stack of `scope`."""
    return _scope_of_stack(stack_of(scope))
