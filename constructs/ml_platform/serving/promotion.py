"""An approval becomes a release: rule -> queue with dead letters -> function -> UpdateStack."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ml_platform.common import access
from ml_platform.common.alarm import alert, errors_of, waiting_in
from ml_platform.common.cached_tokens import PSEUDO_PARAMETERS
from ml_platform.common.compliance import acknowledge
from ml_platform.common.function import DEAD_LETTER_RULES, PlatformFunction
from ml_platform.common.statement import Statement
from platform_contract.promotion import PromotedModel

FUNCTION_TIMEOUT = Duration.seconds(60)
RETRY_INTERVAL = Duration.seconds(30)
"""How soon a message is looked at again while the stack is busy or the release runs."""
VISIBILITY = Duration.minutes(6)
"""Six times the function's timeout, as AWS advises."""
MAX_RECEIVES = 1000
"""More than 8 hours at the retry interval, which is the longest that SageMaker lets a release take."""
QUEUE_TARGETS_OF_THIS_ACCOUNT = "@aws-cdk/aws-events:eventsTargetQueueSameAccount"
RETENTION = Duration.days(14)
CONCURRENCY = 2
"""The least that an SQS event source takes."""


class Promotion(Construct):
    """Serves the newest approved version of each model, through CloudFormation.

    Duplicate and late events are harmless: a message only makes the function compare what is approved with what is served.
    An approval is never lost while a stack is busy: its message stays in the queue.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        models: Sequence[PromotedModel],
        key: kms.IKey,
        alerts: sns.ITopic,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
    ) -> None:
        """Create rule, queues, function and alarms.

        Parameters
        ----------
        name
            Last part of the function's log group name.
        models
            The models that are served; at least one.
        key
            Encrypts queues and logs.
        alerts
            Told of every release that succeeded, failed or was lost.
        log_retention
            How long the function's logs are kept. Default: 3 months.
        """
        super().__init__(scope, construct_id)
        # Without this flag CDK lets every account's EventBridge rules send to the queue and use the key.
        self.node.set_context(QUEUE_TARGETS_OF_THIS_ACCOUNT, True)
        self._key, self._models = key, models
        self.dead_letters = self._queue("DeadLetters", None)
        acknowledge(
            self.dead_letters,
            "A dead-letter queue's own dead letters would need a queue without end",
            "Serverless-SQSRedrivePolicy",
        )
        self.queue = self._queue("Queue", sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES))
        self.function = self._build_function(name, alerts, log_retention)
        self.rule = self._build_rule()
        self._subscribe()
        self._build_alarms(alerts)

    def _queue(self, construct_id: str, dead_letters: sqs.DeadLetterQueue | None) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            retention_period=RETENTION,
            visibility_timeout=VISIBILITY,
            dead_letter_queue=dead_letters,
        )

    def _build_function(self, name: str, alerts: sns.ITopic, log_retention: logs.RetentionDays) -> PlatformFunction:
        function = PlatformFunction(
            self,
            "Promote",
            package="promote",
            log_name=name,
            description="Serves the newest approved version of each model",
            statements=self._statements(alerts),
            why_wildcards="CloudFormation adds an id to a stack's ARN and SageMaker numbers versions; only the prefix is known",
            key=self._key,
            environment={
                "ALERTS_TOPIC_ARN": alerts.topic_arn,
                "RETRY_SECONDS": str(int(RETRY_INTERVAL.to_seconds())),
                "ROLE_ARN_PREFIX": PSEUDO_PARAMETERS.global_arn("iam", "role/"),
            },
            timeout=FUNCTION_TIMEOUT,
            log_retention=log_retention,
            extra_files={"models.json": json.dumps([asdict(model) for model in self._models], indent=1)},
        )
        acknowledge(
            function.function,
            "Lambda's dead-letter queue takes asynchronous events only; the SQS queue that feeds this function has one",
            *DEAD_LETTER_RULES,
        )
        return function

    def _statements(self, alerts: sns.ITopic) -> list[Statement]:
        roles = [PSEUDO_PARAMETERS.global_arn("iam", f"role/{model.release_role_name}") for model in self._models]
        stacks = [access.arn(self, "cloudformation", f"stack/{model.stack_name}/*") for model in self._models]
        return [
            Statement(
                actions=["cloudformation:UpdateStack"],
                resources=stacks,
                conditions={"StringEquals": {"cloudformation:RoleArn": roles}},
            ),
            Statement(actions=["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"], resources=stacks),
            Statement(
                actions=["iam:PassRole"],
                resources=roles,
                conditions={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
            ),
            Statement(
                actions=["sagemaker:ListModelPackages"],
                # AWS's reference names the versions as this call's resource, its documentation the group.
                resources=[
                    access.arn(self, "sagemaker", resource)
                    for m in self._models
                    for resource in (f"model-package-group/{m.group_name}", f"model-package/{m.group_name}/*")
                ],
            ),
            Statement(
                actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
                resources=[access.arn(self, "sagemaker", f"endpoint/{m.endpoint_name}") for m in self._models],
            ),
            Statement(actions=["sns:Publish"], resources=[alerts.topic_arn]),
            Statement(
                actions=[
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:GetQueueUrl",
                    "sqs:ReceiveMessage",
                ],
                resources=[self.queue.queue_arn],
            ),
            access.use_key(self._key, "Decrypt", "GenerateDataKey"),
        ]

    def _build_rule(self) -> events.Rule:
        rule = events.Rule(
            self,
            "Rule",
            description="A model version was approved or rejected",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Package State Change"],
                detail={
                    "ModelPackageGroupName": [model.group_name for model in self._models],
                    "ModelApprovalStatus": ["Approved", "Rejected"],
                },
            ),
        )
        rule.add_target(targets.SqsQueue(self.queue, dead_letter_queue=self.dead_letters))
        return rule

    def _subscribe(self) -> None:
        mapping = lambda_.EventSourceMapping(
            self,
            "Mapping",
            target=self.function.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=1,
            max_concurrency=CONCURRENCY,
            report_batch_item_failures=True,
        )
        mapping.node.add_dependency(self.function.role.policy)
        acknowledge(
            mapping,
            "Event source mappings take a failure destination for streams only; for SQS it is the queue's own dead-letter queue",
            "Serverless-LambdaEventSourceMappingDestination",
        )

    def _build_alarms(self, alerts: sns.ITopic) -> None:
        alert(
            self,
            "LostApprovals",
            metric=waiting_in(self.dead_letters.queue_name, Duration.minutes(1)),
            above=0,
            meaning="An approval could not be released; read the message in the dead-letter queue and the function's log",
            topic=alerts,
        )
        alert(
            self,
            "FunctionErrors",
            metric=errors_of(self.function.function.function_name, Duration.minutes(5)),
            above=0,
            meaning="The promote function raised an error; its message is retried. See its log",
            topic=alerts,
        )
