"""The function that finds the version that serves and judges a new model against it and its rules; one for all models."""

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_platform import access, compliance
from ml_platform.function import DEAD_LETTER_RULES, PlatformFunction
from ml_platform.statement import Statement
from platform_contract import layout
from platform_contract.layout import VERDICT
from platform_contract.names import PlatformNames

TIMEOUT = Duration.seconds(60)
"""A few calls of at most 13 s each; SageMaker waits up to 10 minutes."""
EVALUATIONS = layout.results("*", "evaluation")
"""Where the evaluations of all models lie in the artifacts bucket."""


class ModelGate(Construct):
    """Function `<prefix>-gate`, called by the Lambda steps of training pipelines.

    It reads evaluations, writes verdicts beside them, and changes nothing else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: PlatformNames,
        artifacts: s3.IBucket,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
    ) -> None:
        """Create the function with its role and log group.

        Parameters
        ----------
        names
            The platform, whose models and serving stacks it may ask about.
        artifacts
            Bucket with the evaluations, under `models/<model>/evaluation/`.
        key
            Encrypts that bucket and the log group.
        log_retention
            How long the function's logs are kept. Default: 3 months.
        """
        super().__init__(scope, construct_id)
        self._function = PlatformFunction(
            self,
            "Gate",
            package="gate",
            log_name=names.shared("gate"),
            description="Judges new models against their rules and the version that serves",
            statements=self._statements(names.prefix, artifacts, key),
            why_wildcards="One function judges all models of the platform, so that only their names' prefix is known; "
            "CloudFormation adds an id to a stack's ARN, SageMaker numbers versions and executions",
            key=key,
            environment={},
            timeout=TIMEOUT,
            log_retention=log_retention,
        )
        self._name_it(names.shared("gate"))
        compliance.acknowledge(
            self._function.function,
            "Lambda's dead-letter queue takes asynchronous events only; a pipeline's step waits for this function's answer and "
            "fails with its error",
            *DEAD_LETTER_RULES,
        )

    @property
    def function(self) -> lambda_.Function:
        """The function that Lambda steps call."""
        return self._function.function

    def _name_it(self, name: str) -> None:
        """Give the function a stable name, so that its ARN outlives a replacement that other stacks could not follow."""
        resource = self.function.node.default_child
        assert isinstance(resource, CfnResource)
        resource.add_property_override("FunctionName", name)

    def _statements(self, prefix: str, artifacts: s3.IBucket, key: kms.IKey) -> list[Statement]:
        return [
            Statement(
                actions=["cloudformation:DescribeStacks"],
                resources=[access.arn(self, "cloudformation", f"stack/{prefix}-Serving-*")],
            ),
            Statement(
                actions=["sagemaker:ListModelPackages"],
                # AWS's reference names the versions as this call's resource, its documentation the group.
                resources=[
                    access.arn(self, "sagemaker", f"model-package-group/{prefix}-*"),
                    access.arn(self, "sagemaker", f"model-package/{prefix}-*"),
                ],
            ),
            Statement(
                actions=["sagemaker:DescribeModelPackage"],
                resources=[access.arn(self, "sagemaker", f"model-package/{prefix}-*")],
            ),
            *access.read_objects(artifacts, EVALUATIONS),
            Statement(actions=["s3:PutObject"], resources=[artifacts.arn_for_objects(f"{EVALUATIONS}*/{VERDICT}")]),
            access.use_key(key, "Decrypt", "GenerateDataKey"),
        ]
