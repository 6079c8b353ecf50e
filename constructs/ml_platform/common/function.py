"""A Lambda function as this platform runs them: own role, own log group, one folder of code."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ml_platform.common.compliance import acknowledge
from ml_platform.common.execution_role import ExecutionRole
from ml_platform.common.function_code import staged
from ml_platform.common.statement import AnyStatement, Statement
from platform_contract.names import function_logs

RUNTIME = lambda_.Runtime.PYTHON_3_14
ARCHITECTURE = lambda_.Architecture.ARM_64
MEMORY_MB = 512
"""Lambda gives CPU in proportion to memory; half a GB imports the SDK quickly."""

DEAD_LETTER_RULES = ("NIST.800.53.R5-LambdaDLQ", "HIPAA.Security-LambdaDLQ", "Serverless-LambdaDLQ")
"""What the compliance packs call a function without a dead-letter queue of its own."""


class PlatformFunction(Construct):
    """Function from `lambda/<package>` together with `lambda/shared`, logging to a group that the stack owns."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        package: str,
        log_name: str,
        description: str,
        statements: Sequence[AnyStatement],
        key: kms.IKey,
        environment: Mapping[str, str],
        timeout: Duration,
        log_retention: logs.RetentionDays,
        extra_files: Mapping[str, str] | None = None,
        why_wildcards: str = "",
        dead_letters: sqs.IQueue | None = None,
    ) -> None:
        """Create the function `<package>.handler.handler`.

        Parameters
        ----------
        package
            Folder under `lambda/`.
        log_name
            Last part of the log group's name, `/aws/lambda/<log_name>`; the function's own name is CloudFormation's choice.
        statements
            What it may do besides logging.
        key
            Encrypts its log group.
        environment, timeout
            Environment variables and the longest run.
        log_retention
            How long logs are kept.
        extra_files
            Content by file name, put beside the package. Default: none.
        why_wildcards
            Which limit of a service forces resources with a wildcard in `statements`. Default: there are none.
        dead_letters
            Receives events that the function failed on three times, where it is invoked asynchronously; `statements` must let it
            send there. Default: none.
        """
        super().__init__(scope, construct_id)
        self.log_group = self._build_log_group(log_name, key, log_retention)
        self.role = self._build_role(description, statements, why_wildcards)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            handler=f"{package}.handler.handler",
            code=lambda_.Code.from_asset(str(staged(package, extra_files or {}))),
            role=self.role.role.without_policy_updates(),
            environment=dict(environment),
            memory_size=MEMORY_MB,
            timeout=timeout,
            log_group=self.log_group,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            dead_letter_queue=dead_letters,
        )
        self.function.node.add_dependency(self.role.policy)
        self._acknowledge_limits()

    def _build_log_group(self, name: str, key: kms.IKey, retention: logs.RetentionDays) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=function_logs(name),
            encryption_key=key,
            retention=retention,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _build_role(self, description: str, statements: Sequence[AnyStatement], why_wildcards: str) -> ExecutionRole:
        write_logs = Statement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group.log_group_arn])
        trace = Statement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"])
        return ExecutionRole(
            self,
            "Role",
            service="lambda.amazonaws.com",
            description=description,
            statements=[*statements, write_logs, trace],
            why_wildcards=f"A log group's ARN ends in `:*`; X-Ray's calls know no resources. {why_wildcards}".rstrip(),
        )

    def _acknowledge_limits(self) -> None:
        acknowledge(
            self.function,
            "Lambda takes reserved concurrency out of the account's pool and must leave 100 unreserved; new accounts have 10 in "
            "all, so a reservation fails the deployment there. The callers are throttled instead",
            "NIST.800.53.R5-LambdaConcurrency",
            "HIPAA.Security-LambdaConcurrency",
        )
        acknowledge(
            self.function,
            "In a VPC, Lambda reaches AWS's APIs only through NAT or interface endpoints, both billed by the hour; the function "
            "accepts no connections and calls nothing but those APIs, signed and over TLS",
            "NIST.800.53.R5-LambdaInsideVPC",
            "HIPAA.Security-LambdaInsideVPC",
            "PCI.DSS.321-LambdaInsideVPC",
        )
