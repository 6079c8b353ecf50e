"""The function that finds the version that serves and judges a new model against it and its rules; one for all models."""

from aws_cdk import CfnResource, Duration, Names
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ml_platform.common import access, compliance
from ml_platform.common.function import DEAD_LETTER_RULES, PlatformFunction
from ml_platform.common.statement import Statement
from ml_platform.training.registered_model import RegisteredModel
from platform_contract import layout
from platform_contract.layout import VERDICT
from platform_contract.names import MAX_NAME, PlatformNames

TIMEOUT = Duration.seconds(60)
"""A few calls of at most 13 s each; SageMaker waits up to 10 minutes."""


MOST_PIPELINES = 9
"""IAM attaches at most 10 managed policies to a role, unless its quota is raised."""
NUMBERED = "CloudFormation adds an id to a stack's ARN, SageMaker numbers versions and executions"


class GateFunction(Construct):
    """Function `<prefix>-gate`, called by the Lambda steps of training pipelines.

    It reads evaluations, writes verdicts beside them, and changes nothing else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        artifacts: s3.IBucket,
        key: kms.IKey,
        names: PlatformNames | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
    ) -> None:
        """Create the function with its role and log group.

        Parameters
        ----------
        artifacts
            Bucket with the evaluations, under `models/<model>/evaluation/`.
        key
            Encrypts that bucket and the log group.
        names
            A platform, about all of whose models and serving stacks it may ask. Default: it may ask about those of the pipelines
            that use it, and CloudFormation names it.
        log_retention
            How long the function's logs are kept. Default: 3 months.
        """
        super().__init__(scope, construct_id)
        self._names, self._artifacts, self._judged = names, artifacts, 0
        self._function = PlatformFunction(
            self,
            "Gate",
            package="gate",
            log_name=names.shared("gate") if names else Names.unique_resource_name(self, max_length=MAX_NAME, separator="-"),
            description="Judges new models against their rules and the version that serves",
            statements=[
                *(self._about_a_platform(names.prefix) if names else []),
                access.use_key(key, "Decrypt", "GenerateDataKey"),
            ],
            why_wildcards=f"One function judges all models of the platform, so that only their names' prefix is known; {NUMBERED}"
            if names
            else "",
            key=key,
            environment={},
            timeout=TIMEOUT,
            log_retention=log_retention,
        )
        if names:
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

    def add_model(self, model: RegisteredModel, serving_stack: str | None) -> None:
        """Let it check a model, and ask about its versions and the stack that serves one of them.

        Raises
        ------
        ValueError
            If it judges a platform's models, and the names are none of that platform's: it would be denied when the pipeline
            runs. Or if its role can take no more policies.
        """
        group_name = model.group_name
        if self._names is None:
            self._judged += 1
            if self._judged > MOST_PIPELINES:
                raise ValueError(
                    f"{self.node.path} judges {MOST_PIPELINES} pipelines already, and IAM attaches at most {MOST_PIPELINES + 1} "
                    "policies to its role; give it `names` of a platform, or some pipelines a gate of their own"
                )
            stack = f"stack/{serving_stack}/*" if serving_stack else None
            asking = self._asking(stack, f"model-package-group/{group_name}", f"model-package/{group_name}/*")
            self._function.role.attach(f"Judge-{group_name}", [*asking, *self._judging(model.name)], NUMBERED)
            return
        serving = self._names.stack("Serving") + "-"
        if not group_name.startswith(f"{self._names.prefix}-") or not (serving_stack or serving).startswith(serving):
            raise ValueError(
                f"{self.node.path} judges the models of {self._names.prefix}: groups {self._names.prefix}-..., served by stacks "
                f"{serving}...; got group {group_name!r} and serving_stack {serving_stack!r}. Rename them, or give the "
                "pipeline a gate without names"
            )

    def _about_a_platform(self, prefix: str) -> list[Statement]:
        groups, versions = f"model-package-group/{prefix}-*", f"model-package/{prefix}-*"
        return [*self._asking(f"stack/{prefix}-Serving-*", groups, versions), *self._judging("*")]

    def _name_it(self, name: str) -> None:
        """Give the function a stable name, so that its ARN outlives a replacement that other stacks could not follow."""
        resource = self.function.node.default_child
        assert isinstance(resource, CfnResource)
        resource.add_property_override("FunctionName", name)

    def _asking(self, stacks: str | None, groups: str, versions: str) -> list[Statement]:
        """Let it ask which of some `versions` serves: as stacks say, or else as the newest approved one."""
        described = [access.arn(self, "cloudformation", stacks)] if stacks else []
        found = access.arn(self, "sagemaker", versions)
        return [
            *(Statement(actions=["cloudformation:DescribeStacks"], resources=[stack]) for stack in described),
            Statement(
                actions=["sagemaker:ListModelPackages"],
                # AWS's reference names the versions as this call's resource, its documentation the group.
                resources=[access.arn(self, "sagemaker", groups), found],
            ),
            Statement(actions=["sagemaker:DescribeModelPackage"], resources=[found]),
        ]

    def _judging(self, model: str) -> list[Statement]:
        """Let it read a model's evaluations, and write verdicts beside them."""
        evaluations = layout.results(model, "evaluation")
        return [
            *access.read_objects(self._artifacts, evaluations),
            Statement(actions=["s3:PutObject"], resources=[self._artifacts.arn_for_objects(f"{evaluations}*/{VERDICT}")]),
        ]
