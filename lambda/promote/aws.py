"""What promotion asks of AWS; clients are made once, with explicit timeouts and retries."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from platform_contract.promotion import PromotedModel
from promote.logic import StackState
from promote.models import Approval

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
MODEL_CONFIG = CONFIG.merge(Config(read_timeout=15, retries={"total_max_attempts": 1}))


class Busy(Exception):
    """The stack is being changed by somebody else."""


class Aws:
    """The calls that promotion makes."""

    def __init__(self, role_arn_prefix: str, topic_arn: str) -> None:
        self._role_arn_prefix, self._topic_arn = role_arn_prefix, topic_arn
        self._cloudformation: Any = boto3.client("cloudformation", config=CONFIG)
        self._sagemaker: Any = boto3.client("sagemaker", config=CONFIG)
        self._runtime: Any = boto3.client("sagemaker-runtime", config=MODEL_CONFIG)
        self._sns: Any = boto3.client("sns", config=CONFIG)
        self._sqs: Any = boto3.client("sqs", config=CONFIG)

    def approved_versions(self, model: PromotedModel) -> list[str]:
        """Return the ARNs of all approved versions."""
        paginator = self._sagemaker.get_paginator("list_model_packages")
        pages = paginator.paginate(ModelPackageGroupName=model.group_name, ModelApprovalStatus="Approved")
        return [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]

    def stack_state(self, model: PromotedModel, approval: Approval) -> StackState:
        """Return what CloudFormation reports."""
        stack = self._stack(model)
        parameters = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
        return StackState(stack["StackStatus"], parameters[model.parameter], self._outcome(stack["StackId"], approval.token))

    def _stack(self, model: PromotedModel) -> dict[str, Any]:
        stack: dict[str, Any] = self._cloudformation.describe_stacks(StackName=model.stack_name)["Stacks"][0]
        return stack

    def _outcome(self, stack_id: str, token: str) -> str | None:
        paginator = self._cloudformation.get_paginator("describe_stack_events")
        for page in paginator.paginate(StackName=stack_id, PaginationConfig={"MaxItems": 500}):
            for event in page["StackEvents"]:
                if event.get("ClientRequestToken") == token and event["PhysicalResourceId"] == stack_id:
                    status: str = event["ResourceStatus"]
                    return status
        return None

    def update(self, model: PromotedModel, package_arn: str, token: str) -> None:
        """Start the update; the stack's template and all other parameters stay.

        Raises
        ------
        Busy
            If somebody else began to change the stack meanwhile.
        """
        parameters = [
            {"ParameterKey": entry["ParameterKey"], "UsePreviousValue": True}
            for entry in self._stack(model)["Parameters"]
            if entry["ParameterKey"] != model.parameter
        ]
        try:
            self._cloudformation.update_stack(
                StackName=model.stack_name,
                UsePreviousTemplate=True,
                Parameters=[*parameters, {"ParameterKey": model.parameter, "ParameterValue": package_arn}],
                Capabilities=["CAPABILITY_NAMED_IAM"],
                RoleARN=f"{self._role_arn_prefix}{model.release_role_name}",
                ClientRequestToken=token,
            )
        except ClientError as error:
            message = error.response["Error"]["Message"]
            if "_IN_PROGRESS" in message:
                raise Busy(message) from None
            if "No updates are to be performed" not in message:
                raise

    def problem_with(self, model: PromotedModel) -> str | None:
        """Return what is wrong with the endpoint, or with its answer to the sample if the stack has one; None if nothing is."""
        described = self._sagemaker.describe_endpoint(EndpointName=model.endpoint_name)
        if described["EndpointStatus"] != "InService" or described.get("FailureReason"):
            return f"the endpoint is {described['EndpointStatus']}: {described.get('FailureReason', 'no reason given')}"
        outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in self._stack(model).get("Outputs", [])}
        if model.sample not in outputs:
            return None
        try:
            self._runtime.invoke_endpoint(
                EndpointName=model.endpoint_name,
                ContentType="application/json",
                Body=json.dumps({"instances": [json.loads(outputs[model.sample])]}),
            )
        except ClientError as error:
            return f"the model does not answer its sample: {error}"
        return None

    def notify(self, subject: str, message: str) -> None:
        """Publish to the alerts topic."""
        self._sns.publish(TopicArn=self._topic_arn, Subject=subject[:100], Message=message)

    def look_again(self, queue_arn: str, receipt_handle: str, seconds: int) -> None:
        """Make a message visible again after `seconds` instead of the queue's whole timeout."""
        name = queue_arn.rpartition(":")[2]
        account = queue_arn.split(":")[4]
        url = self._sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        self._sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)
