"""What every stack of the platform has: a name from the platform's prefix, an environment, tags."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aws_cdk import DefaultStackSynthesizer, Environment, Stack, Tags
from aws_cdk import aws_logs as logs
from constructs import Construct

from ml_platform import PlatformNames

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}


@dataclass(frozen=True, kw_only=True)
class StackContext:
    """Where a stack goes and what it is called."""

    names: PlatformNames
    account: str | None = None
    region: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class PlatformStack(Stack):
    """A stack named `<prefix>-<Concern>[-<model>]`."""

    def __init__(self, scope: Construct, context: StackContext, concern: str, model: str | None = None) -> None:
        """Create the stack for `concern`, of `model` where it is one model's."""
        name = context.names.stack(concern, model)
        super().__init__(
            scope,
            name,
            stack_name=name,
            env=Environment(account=context.account, region=context.region),
            # Of the stack itself, from which CloudFormation hands them to resources whose tags CDK does not know.
            tags=dict(context.tags),
            # The rule would make CloudFormation read an SSM parameter at every update, which promotion's narrow role may not;
            # the CDK CLI checks the bootstrap version by itself.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        for key, value in context.tags.items():
            Tags.of(self).add(key, value)


def log_retention(days: int) -> logs.RetentionDays:
    """Return the retention for a number of days that the settings have checked."""
    return _RETENTION[days]
