"""The HTTP API that all models share."""

import json
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.userArn",
    "sourceIp": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latencyMs": "$context.responseLatency",
    "integrationError": "$context.integrationErrorMessage",
}
"""What is logged of a request; never its payload."""


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Limits over all routes; a caller above them gets 429."""

    rate: int = 50
    """Requests per second."""
    burst: int = 100
    """Requests at once."""


class PredictionApi(Construct):
    """HTTP API with IAM authorization, throttling and an access log.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api_name: str,
        key: kms.IKey,
        throttle: Throttle,
        log_retention: logs.RetentionDays,
        authorizer: apigateway.IHttpRouteAuthorizer | None = None,
    ) -> None:
        """Create the API.

        Parameters
        ----------
        api_name
            Name shown in the console, and part of the access log's.
        key
            Encrypts the access log.
        throttle
            Requests let through.
        log_retention
            How long the access log is kept.
        authorizer
            Who may call. Default: callers that sign with SigV4 and whose policy allows `execute-api:Invoke`.
        """
        super().__init__(scope, construct_id)
        self.http_api = apigateway.HttpApi(
            self,
            "HttpApi",
            api_name=api_name,
            create_default_stage=False,
            default_authorizer=authorizer or authorizers.HttpIamAuthorizer(),
        )
        self.access_log = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/aws/vendedlogs/{api_name}",
            encryption_key=key,
            retention=log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.stage = self._build_stage(throttle)

    def _build_stage(self, throttle: Throttle) -> apigateway.HttpStage:
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.http_api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=throttle.rate, burst_limit=throttle.burst),
            detailed_metrics_enabled=True,
        )
        resource = stage.node.default_child
        assert isinstance(resource, apigateway.CfnStage)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=self.access_log.log_group_arn, format=json.dumps(ACCESS_LOG)
        )
        return stage
