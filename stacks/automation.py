"""Automation: the glue between training and serving."""

from collections.abc import Iterable

from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform import PlatformStorage, PromotedModel, Promotion
from stacks.base import PlatformStack, StackContext


class AutomationStack(PlatformStack):
    """Promotion of approved versions."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        served_models: Iterable[str],
        storage: PlatformStorage,
        alerts: sns.ITopic,
    ) -> None:
        """Create the promotion for `served_models`."""
        super().__init__(scope, context, "Automation")
        names = context.names
        self.promotion = Promotion(
            self,
            "Promotion",
            name=f"{names.prefix}-promote",
            models=[
                PromotedModel(
                    name=model,
                    group_name=names.model(model),
                    stack_name=names.stack("Serving", model),
                    endpoint_name=names.model(model),
                    release_role_name=names.release_role(model),
                )
                for model in served_models
            ],
            key=storage.key,
            alerts=alerts,
        )
