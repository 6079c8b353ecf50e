"""Where alarms and failed promotions are told."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from ml_platform.common.compliance import acknowledge


class AlertsTopic(Construct):
    """Encrypted, TLS-only SNS topic."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, emails: Sequence[str] = ()) -> None:
        """Create the topic; each of `emails` must confirm the subscription that AWS sends. Default: nobody is subscribed."""
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True, display_name="ML platform alerts")
        # With a policy of its own a topic loses SNS's default one, which lets the account's alarms publish.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        for email in emails:
            subscription = self.topic.add_subscription(subscriptions.EmailSubscription(email))
            acknowledge(
                subscription,
                "SNS retries an e-mail for hours by itself, and a dead letter of an alert would have nobody left to tell",
                "Serverless-SNSRedrivePolicy",
            )
