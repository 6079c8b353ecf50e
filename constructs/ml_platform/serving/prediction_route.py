"""One model's route of the shared API, and the function behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from ml_platform.common.cached_tokens import PSEUDO_PARAMETERS, seconds
from ml_platform.common.compliance import acknowledge
from ml_platform.common.function import DEAD_LETTER_RULES, PlatformFunction
from ml_platform.common.problems import outside, refuse
from ml_platform.common.statement import Statement
from ml_platform.serving import input_validator
from ml_platform.serving.invocable import InvocableEndpoint
from ml_platform.serving.prediction_api import invoke_arn
from platform_contract.names import predict_function

API_LIMIT = Duration.seconds(30)
"""Longest that an HTTP API waits for an integration."""
ATTEMPTS = 2
CONNECT_SECONDS = 2
MARGIN_SECONDS = 2
"""Time for start, validation and answer, besides the model's own."""


@dataclass(frozen=True, kw_only=True)
class RequestContract:
    """What a request may hold."""

    input_schema: Mapping[str, Any]
    """JSON Schema of one instance."""
    max_instances: int = 100
    """Most instances in one request, 1 to 10,000. Default: 100."""
    model_timeout: Duration = Duration.seconds(8)
    """Longest time for the model's answer, per attempt, 1 to 25 seconds: an HTTP API waits for 30. Default: 8 seconds."""


class PredictionRoute(Construct):
    """`POST /models/<model>/predict`: validates, invokes the endpoint, maps every error to problem+json (RFC 9457).

    The route exists before the first version is approved and then answers 503 with what to do.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: str,
        api: apigateway.IHttpApi,
        endpoint: InvocableEndpoint,
        contract: RequestContract,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
    ) -> None:
        """Create the route.

        Parameters
        ----------
        model
            What callers know it by, in the route's path.
        api
            Where the route is added; its authorizer is the route's.
        endpoint
            What answers.
        contract
            What a request may hold.
        key
            Encrypts the function's logs.
        log_retention
            How long they are kept. Default: 3 months.

        Raises
        ------
        ValueError
            If the attempts with their timeouts do not end before the API gives up, or a number is out of its range.
        """
        super().__init__(scope, construct_id)
        refuse(self, [*_problems(contract)])
        endpoint_name = endpoint.endpoint_name
        self._api = api
        timeout = function_timeout(contract.model_timeout)
        self.path = f"/models/{model}/predict"
        self.function = PlatformFunction(
            self,
            "Predict",
            package="predict",
            log_name=predict_function(endpoint_name),
            description=f"Answers predictions of {model}",
            statements=[Statement(actions=["sagemaker:InvokeEndpoint"], resources=[endpoint.arn])],
            key=key,
            environment={
                "MODEL_NAME": model,
                "ENDPOINT_NAME": endpoint_name,
                "RUNTIME_HOST": f"runtime.sagemaker.{PSEUDO_PARAMETERS.region}.{PSEUDO_PARAMETERS.url_suffix}",
                "MODEL_TIMEOUT_SECONDS": str(seconds(contract.model_timeout)),
                "CONNECT_TIMEOUT_SECONDS": str(CONNECT_SECONDS),
                "ATTEMPTS": str(attempts_within_limit(contract.model_timeout)),
                "MAX_INSTANCES": str(contract.max_instances),
            },
            timeout=timeout,
            log_retention=log_retention,
            extra_files=input_validator.files(contract.input_schema),
        )
        self.route = self._build_route(api, timeout)
        self._acknowledge_limits()

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` call this route and no other.

        Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["execute-api:Invoke"],
            resource_arns=[invoke_arn(self._api, "POST", self.path)],
            scope=self,
        )

    def _build_route(self, api: apigateway.IHttpApi, timeout: Duration) -> apigateway.HttpRoute:
        integration = integrations.HttpLambdaIntegration("Integration", self.function.function, timeout=timeout)
        return apigateway.HttpRoute(
            self,
            "Route",
            http_api=api,
            route_key=apigateway.HttpRouteKey.with_(self.path, apigateway.HttpMethod.POST),
            integration=integration,
        )

    def _acknowledge_limits(self) -> None:
        acknowledge(
            self.function.function,
            "Lambda's dead-letter queue takes asynchronous events only; an HTTP API invokes synchronously and gets every error",
            *DEAD_LETTER_RULES,
        )


def _problems(contract: RequestContract) -> Iterator[str]:
    yield from outside("contract.max_instances", contract.max_instances, 1, 10_000)
    yield from input_validator.problems("contract.input_schema", contract.input_schema)


def attempts_within_limit(model_timeout: Duration) -> int:
    """Return how often the model may be asked so that the caller still gets our answer, not the API's."""
    available = seconds(API_LIMIT) - MARGIN_SECONDS - 1
    return min(ATTEMPTS, int(available // (seconds(model_timeout) + CONNECT_SECONDS)))


def function_timeout(model_timeout: Duration) -> Duration:
    """Return the function's timeout: attempts x (connect + read) + margin, below the API's limit.

    Raises
    ------
    ValueError
        If not even one attempt fits.
    """
    attempts = attempts_within_limit(model_timeout)
    if attempts < 1:
        longest = seconds(API_LIMIT) - MARGIN_SECONDS - 1 - CONNECT_SECONDS
        raise ValueError(
            f"model_timeout is {seconds(model_timeout)} s; allowed: 1 to {longest} s, because an HTTP API waits at most "
            f"{seconds(API_LIMIT)} s. Use asynchronous inference for slower models"
        )
    per_attempt = seconds(model_timeout) + CONNECT_SECONDS
    return Duration.seconds(attempts * per_attempt + MARGIN_SECONDS)
