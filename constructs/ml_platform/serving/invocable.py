"""An endpoint as others see it: who may ask it, and what CloudWatch measures of it."""

from abc import abstractmethod
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from ml_platform.common.cached_tokens import PSEUDO_PARAMETERS

VARIANT = "main"
"""The one variant's name; it never changes, because SageMaker leaves a blue/green deployment with rollback if it does."""
MINUTE = Duration.minutes(1)


class InvocableEndpoint(Construct):
    """What an endpoint of this stack and one that is deployed elsewhere have in common."""

    @property
    @abstractmethod
    def endpoint_name(self) -> str:
        """Name of the endpoint."""

    @property
    def arn(self) -> str:
        """ARN of the endpoint, known before it exists."""
        return PSEUDO_PARAMETERS.arn("sagemaker", f"endpoint/{self.endpoint_name}")

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` ask the endpoint: `sagemaker:InvokeEndpoint` on it alone.

        Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
        """
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["sagemaker:InvokeEndpoint"], resource_arns=[self.arn], scope=self
        )

    def metric(
        self, name: str, *, statistic: str = "Average", period: Duration = MINUTE, namespace: str = "AWS/SageMaker", **more: Any
    ) -> cloudwatch.Metric:
        """Return a metric of the endpoint.

        Parameters
        ----------
        name
            As CloudWatch calls it, such as `OverheadLatency`.
        statistic
            Such as `Sum` or `p99`. Default: Average.
        period
            SageMaker publishes once a minute. Default: 1 minute.
        namespace
            `/aws/sagemaker/Endpoints` has what instances use: CPUUtilization and the like. Default: AWS/SageMaker.
        more
            Further properties of `aws_cloudwatch.Metric`.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
        """
        dimensions = {"EndpointName": self.endpoint_name, "VariantName": VARIANT}
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, statistic=statistic, period=period, dimensions_map=dimensions, **more
        )

    def metric_invocations(self, **more: Any) -> cloudwatch.Metric:
        """Requests, as a sum; `more` as in `metric`."""
        return self.metric("Invocations", **{"statistic": "Sum", **more})

    def metric_invocations_per_instance(self, **more: Any) -> cloudwatch.Metric:
        """Requests per instance, as a sum: what target tracking goes by."""
        return self.metric("InvocationsPerInstance", **{"statistic": "Sum", **more})

    def metric_server_errors(self, **more: Any) -> cloudwatch.Metric:
        """Answers of the model with a status of 500 and above, as a sum."""
        return self.metric("Invocation5XXErrors", **{"statistic": "Sum", **more})

    def metric_client_errors(self, **more: Any) -> cloudwatch.Metric:
        """Answers with a status of 400 to 499, as a sum."""
        return self.metric("Invocation4XXErrors", **{"statistic": "Sum", **more})

    def metric_model_latency(self, **more: Any) -> cloudwatch.Metric:
        """Time that the model takes, in microseconds, as the 99th percentile."""
        return self.metric("ModelLatency", **{"statistic": "p99", **more})


class ImportedEndpoint(InvocableEndpoint):
    """An endpoint of this account and region that another stack, or nobody's stack, has made."""

    def __init__(self, scope: Construct, construct_id: str, *, endpoint_name: str) -> None:
        """Refer to the endpoint `endpoint_name`; nothing is created."""
        super().__init__(scope, construct_id)
        self._endpoint_name = endpoint_name

    @property
    def endpoint_name(self) -> str:
        """Name of the endpoint."""
        return self._endpoint_name
