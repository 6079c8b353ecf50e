"""A notebook instance that stops itself when nobody and nothing uses it."""

from collections.abc import Callable
from typing import Any

from aws_cdk import CfnTag, Duration, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.common.compliance import acknowledge
from ml_platform.common.framework_image import FrameworkImage
from ml_platform.common.problems import not_an_alias, refuse
from ml_platform.notebook.client_bundle import ClientBundle
from ml_platform.notebook.job_role import NotebookJobRole
from ml_platform.notebook.lifecycle import NotebookLifecycle
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.options import IdleShutdown, NotebookMachine, NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.notebook.role import NotebookRole
from ml_platform.training.registered_model import PipelineStorage
from platform_contract import images
from platform_contract.names import MAX_NAME, PlatformNames
from platform_contract.notebooks import NightlyStop, WatchedNotebook

PLATFORM = "notebook-al2023-v1"
"""The one platform on which instances can still be created and started; CloudFormation's own default is a retired one."""
IMDS_VERSION = "2"


class NotebookInstance(Construct):
    """Notebook instance, lifecycle configuration with the idle agent, and two roles.

    The disk outlives the stack and every replacement, unless `destroy` is given. What CloudFormation would replace an instance
    for is part of its name, so that the replacement can be created beside what is kept.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-notebookinstance.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: NotebookNetwork,
        storage: PipelineStorage,
        owner: NotebookOwner | None = None,
        machine: NotebookMachine = NotebookMachine(),  # noqa: B008 - frozen
        idle: IdleShutdown = IdleShutdown(),  # noqa: B008
        work: NotebookWork = NotebookWork(),  # noqa: B008
        client: ClientBundle | None = None,
        image: FrameworkImage | None = None,
        log_group_name: str | None = None,
        destroy: bool = False,
    ) -> None:
        """Create the notebook.

        Parameters
        ----------
        network
            The internet through SageMaker, or a subnet; nobody chooses that by default.
        storage
            Data that it reads, artifacts that it writes, the key that encrypts its disk. An imported key must let CloudWatch Logs
            use it, or `log_group_name` be given.
        owner
            Its name and its platform's. Default: made of the construct's path, stable as long as that is.
        machine, idle, work
            What it is, when it stops itself, what people find in it. Default: ml.t3.medium with 20 GiB, after an idle hour, no
            models.
        client
            What the instance fetches: idle agent, client, samples. Default: one for the stack, of what is installed here.
        image
            Container of its training jobs and endpoints. Default: the newest scikit-learn that is offered.
        log_group_name
            Group in which the idle agent writes one stream. Default: one of its own, kept for 3 months.
        destroy
            Delete instance and disk with the stack. Default: both are kept.

        Raises
        ------
        ValueError
            If the name is too long, or the type has local disks, for which SageMaker takes no key.
        """
        super().__init__(scope, construct_id)
        wrong = [*machine.problems("machine"), *idle.problems("idle"), *work.problems("work")]
        refuse(self, [*wrong, *not_an_alias("storage.key", storage.key)])
        self._owner = owner = owner or NotebookOwner.of(self)
        self._machine, self._network, self._idle, self._work, self._storage = machine, network, idle, work, storage
        self._client = client or ClientBundle.of_stack(self)
        self._image = image or FrameworkImage(self, "Image", framework="sklearn", version=images.versions("sklearn")[-1])
        self._removal = RemovalPolicy.DESTROY if destroy else RemovalPolicy.RETAIN
        self.instance_name = instance_name(owner, network, Stack.of(self).resolve)
        own_log_group = None if log_group_name else self._build_log_group()
        self._log_group_name = log_group_name or f"/{owner.prefix}/notebooks/{owner.notebook}"
        self.job_role = self._build_job_role()
        self.role = self._build_role()
        self.lifecycle = self._build_lifecycle()
        self.instance = self._build_instance()
        if own_log_group:
            # The agent writes into the group from its first minute on.
            self.instance.node.add_dependency(own_log_group)
        self._acknowledge_network()

    def watched(
        self,
        *,
        max_uptime: Duration = Duration.hours(72),  # noqa: B008 - a value
        nightly: NightlyStop | None = None,
    ) -> WatchedNotebook:
        """Return what a `NotebookWatchdog` goes by.

        Parameters
        ----------
        max_uptime
            How long after a start it is stopped even while it computes. Default: 72 hours.
        nightly
            When it is stopped each night unless it computes. Default: never.
        """
        return WatchedNotebook(
            notebook=self._owner.notebook,
            instance=self.instance_name,
            idle_minutes=int(self._idle.idle.to_minutes()),
            max_uptime_hours=int(max_uptime.to_hours()),
            endpoint_hours=int(self._work.endpoint_lifetime.to_hours()),
            nightly=nightly,
        )

    def _build_log_group(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/{self._owner.prefix}/notebooks/{self._owner.notebook}",
            encryption_key=self._storage.key,
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _build_job_role(self) -> NotebookJobRole:
        return NotebookJobRole(
            self,
            "JobRole",
            owner=self._owner,
            work=self._work,
            network=self._network,
            storage=self._storage,
            image=self._image,
        )

    def _build_role(self) -> NotebookRole:
        return NotebookRole(
            self,
            "NotebookRole",
            owner=self._owner,
            instance_name=self.instance_name,
            work=self._work,
            network=self._network,
            storage=self._storage,
            log_group_name=self._log_group_name,
            job_role=self.job_role,
            client=self._client,
        )

    def _build_lifecycle(self) -> NotebookLifecycle:
        lifecycle = NotebookLifecycle(
            self,
            "Lifecycle",
            owner=self._owner,
            instance_name=self.instance_name,
            network=self._network,
            idle=self._idle,
            work=self._work,
            storage=self._storage,
            job_role=self.job_role,
            log_group_name=self._log_group_name,
            client=self._client,
            image=self._image,
        )
        # An instance that is kept could not be started again without it.
        lifecycle.config.apply_removal_policy(self._removal)
        return lifecycle

    def _build_instance(self) -> sagemaker.CfnNotebookInstance:
        machine, network = self._machine, self._network
        imds = sagemaker.CfnNotebookInstance.InstanceMetadataServiceConfigurationProperty
        instance = sagemaker.CfnNotebookInstance(
            self,
            "Instance",
            notebook_instance_name=self.instance_name,
            instance_type=machine.instance_type,
            platform_identifier=PLATFORM,
            volume_size_in_gb=int(machine.volume.to_gibibytes()),
            kms_key_id=self._storage.key.key_arn,
            role_arn=self.role.arn,
            root_access="Enabled" if machine.root_access else "Disabled",
            direct_internet_access="Enabled" if network.internet_access else "Disabled",
            subnet_id=network.subnet_id,
            security_group_ids=list(network.security_group_ids) or None,
            instance_metadata_service_configuration=imds(minimum_instance_metadata_service_version=IMDS_VERSION),
            lifecycle_config_name=self.lifecycle.config.attr_notebook_instance_lifecycle_config_name,
            default_code_repository=machine.repositories[0] if machine.repositories else None,
            additional_code_repositories=list(machine.repositories[1:]) or None,
            tags=[CfnTag(key=key, value=value) for key, value in self._owner.tags.items()],
        )
        instance.apply_removal_policy(self._removal)
        # The agent and the client need their rights from the first start on.
        instance.node.add_dependency(*self.role.policies, self.job_role.policy)
        return instance

    def _acknowledge_network(self) -> None:
        reason = (
            "The configuration chose the internet for this notebook (internet_access): SageMaker gives an instance without a "
            "subnet no other network, and one in a subnet only what its VPC has. A notebook with subnet_id alone has none of it"
        )
        if self._network.subnet_id is None:
            acknowledge(self.instance, reason, *IN_A_VPC)
        if self._network.internet_access:
            acknowledge(self.instance, reason, *NO_INTERNET)


IN_A_VPC = ("AwsSolutions-SM1",)
NO_INTERNET = (
    "AwsSolutions-SM3",
    *(f"{pack}-SageMakerNotebookNoDirectInternetAccess" for pack in ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")),
)


def instance_name(owner: NotebookOwner, network: NotebookNetwork, resolve: Callable[[Any], Any] = lambda value: value) -> str:
    """Return `<prefix>-nb-<notebook>-<4 hex>`, which changes with whatever would replace the instance.

    `resolve` is that of the stack, for a network that is known at deployment only.

    Raises
    ------
    ValueError
        If SageMaker would not take it.
    """
    name = f"{PlatformNames(owner.prefix).notebook_instances}{owner.notebook}-{network.digest(PLATFORM, resolve)}"
    if len(name) > MAX_NAME:
        raise ValueError(f"{name} has {len(name)} characters; SageMaker takes {MAX_NAME}. Shorten the notebook's name")
    return name
