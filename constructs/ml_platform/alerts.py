"""Where alarms and failed promotions are told."""

from collections.abc import Sequence

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from ml_platform.compliance import acknowledge


class AlertsTopic(Construct):
    """Encrypted, TLS-only SNS topic."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, emails: Sequence[str] = ()) -> None:
        """Create the topic; each of `emails` must confirm the subscription that AWS sends. Default: nobody is subscribed."""
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True, display_name="ML platform alerts")
        for email in emails:
            subscription = self.topic.add_subscription(subscriptions.EmailSubscription(email))
            acknowledge(
                subscription,
                "SNS retries an e-mail for hours by itself, and a dead letter of an alert would have nobody left to tell",
                "Serverless-SNSRedrivePolicy",
            )
