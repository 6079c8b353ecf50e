"""Automation: the glue between training and serving."""

from collections.abc import Collection

from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform import GateFunction, PlatformNames, PlatformStorage, PromotedModel, Promotion
from stacks.base import PlatformStack, StackContext


class AutomationStack(PlatformStack):
    """The gate that judges new models, and the promotion of approved versions where a model is served."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        served_models: Collection[str],
        storage: PlatformStorage,
        alerts: sns.ITopic,
    ) -> None:
        """Create the gate, and the promotion for `served_models` if there are any."""
        super().__init__(scope, context, "Automation")
        names = context.names
        self.gate = GateFunction(self, "Gate", names=names, artifacts=storage.artifacts, key=storage.key)
        if served_models:
            self.promotion = Promotion(
                self,
                "Promotion",
                name=names.shared("promote"),
                models=[_promoted(names, model) for model in served_models],
                key=storage.key,
                alerts=alerts,
            )


def _promoted(names: PlatformNames, model: str) -> PromotedModel:
    return PromotedModel(
        name=model,
        group_name=names.model(model),
        stack_name=names.stack("Serving", model),
        endpoint_name=names.model(model),
        release_role_name=names.release_role(model),
    )
