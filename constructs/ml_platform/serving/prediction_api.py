"""The HTTP API that all models share."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from ml_platform.common.cached_tokens import PSEUDO_PARAMETERS
from ml_platform.common.problems import outside, refuse

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
    """Requests per second, 1 to 10,000, an account's limit. Default: 50."""
    burst: int = 100
    """Requests at once, 1 to 5,000, an account's limit. Default: 100."""

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the numbers."""
        yield from outside("throttle.rate", self.rate, 1, 10_000)
        yield from outside("throttle.burst", self.burst, 1, 5_000)


def invoke_arn(api: apigateway.IHttpApi, method: str, path: str) -> str:
    """Return the ARN by which IAM knows a route of the default stage."""
    return PSEUDO_PARAMETERS.arn("execute-api", f"{api.api_id}/$default/{method}{path}")


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
        throttle: Throttle = Throttle(),
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
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
            Requests let through. Default: 50 per second, 100 at once.
        log_retention
            How long the access log is kept. Default: 3 months.
        authorizer
            Who may call. Default: callers that sign with SigV4 and whose policy allows `execute-api:Invoke`.

        Raises
        ------
        ValueError
            With all that is wrong: value got, values allowed.
        """
        super().__init__(scope, construct_id)
        refuse(self, throttle.problems())
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

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` call every route; `PredictionRoute.grant_invoke` lets it call one.

        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
        """
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["execute-api:Invoke"], resource_arns=[invoke_arn(self.http_api, "*", "/*")], scope=self
        )

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
