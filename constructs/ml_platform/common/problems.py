"""What is wrong with the properties of a construct, told all at once."""

from collections.abc import Iterable, Iterator
from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from constructs import IConstruct

from platform_contract import instances
from platform_contract.instances import Use

TOKEN = "${Token["  # noqa: S105 - how CDK writes what is known at deployment only


def refuse(scope: IConstruct, problems: Iterable[str]) -> None:
    """Raise ValueError with all `problems` of the construct `scope`, if there are any."""
    found = list(problems)
    if found:
        raise ValueError("\n  ".join([f"{type(scope).__name__} {scope.node.path}:", *found]))


def outside(name: str, value: float, lowest: float, highest: float | None = None, unit: str = "") -> Iterator[str]:
    """Yield the sentence on a number that is not within its range, which has no upper end where `highest` is None."""
    if value < lowest or (highest is not None and value > highest):
        allowed = f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
        yield f"{name} is {value}; allowed: {allowed}{f' {unit}' if unit else ''}"


def whole(name: str, duration: Duration, unit: Literal["minutes", "hours"], lowest: int, highest: int) -> Iterator[str]:
    """Yield the sentence on a duration that is not a whole number of units within its range."""
    count = duration.to_minutes(integral=False) / (60 if unit == "hours" else 1)
    if count != int(count):
        yield f"{name} is {count:g} {unit}; allowed: whole {unit}, {lowest} to {highest}"
    else:
        yield from outside(name, int(count), lowest, highest, unit)


def not_an_alias(name: str, key: kms.IKey) -> Iterator[str]:
    """Yield the sentence on a key that is an alias: IAM compares keys' ARNs, so that a policy on an alias grants nothing."""
    if ":alias/" in key.key_arn:
        yield f"{name} is an alias, {key.key_arn.rpartition(':')[2]}; allowed: the key itself, such as Key.from_key_arn gives"


def instance_type(name: str, use: Use, value: str) -> Iterator[str]:
    """Yield the sentence on an instance type that SageMaker does not offer for `use`; one known at deployment only passes."""
    if TOKEN not in value and (problem := instances.problem(use, value)):
        yield f"{name} is {value!r}; {problem}"
