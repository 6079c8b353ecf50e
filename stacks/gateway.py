"""Gateway: the HTTP API that all models share."""

from aws_cdk import CfnOutput
from constructs import Construct

from ml_platform import PlatformStorage, PredictionApi, Throttle
from settings.platform import GatewaySection
from stacks.base import PlatformStack, StackContext, log_retention


class GatewayStack(PlatformStack):
    """The API, its authorization, throttling and access log."""

    def __init__(self, scope: Construct, context: StackContext, *, gateway: GatewaySection, storage: PlatformStorage) -> None:
        """Create the API; each model's stack adds its own route."""
        super().__init__(scope, context, "Gateway")
        self.api = PredictionApi(
            self,
            "PredictionApi",
            api_name=context.names.shared("predictions"),
            key=storage.key,
            throttle=Throttle(rate=gateway.rate_limit, burst=gateway.burst_limit),
            log_retention=log_retention(gateway.log_retention_days),
        )
        CfnOutput(self, "ApiUrl", value=self.api.http_api.api_endpoint)
        CfnOutput(self, "ApiId", value=self.api.http_api.api_id)
