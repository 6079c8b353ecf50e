"""A notebook instance that stops itself when nobody and nothing uses it."""

from aws_cdk import CfnTag, RemovalPolicy
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from ml_platform.compliance import acknowledge
from ml_platform.notebook.job_role import NotebookJobRole
from ml_platform.notebook.lifecycle import NotebookLifecycle
from ml_platform.notebook.network import NotebookNetwork
from ml_platform.notebook.options import IdleShutdown, NotebookMachine, NotebookWork
from ml_platform.notebook.owner import NotebookOwner
from ml_platform.notebook.role import NotebookRole
from ml_platform.storage import PlatformStorage
from platform_contract.instances import has_local_nvme
from platform_contract.names import MAX_NAME, PlatformNames

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
        owner: NotebookOwner,
        machine: NotebookMachine,
        network: NotebookNetwork,
        idle: IdleShutdown,
        work: NotebookWork,
        storage: PlatformStorage,
        log_group_name: str,
        destroy: bool = False,
    ) -> None:
        """Create the notebook.

        Parameters
        ----------
        owner
            Its name and its platform's.
        machine, network, idle, work
            What it is, how it is connected, when it stops itself, what people find in it.
        storage
            Data that it reads, artifacts that it writes, the key that encrypts its disk.
        log_group_name
            Where the idle agent writes one stream.
        destroy
            Delete instance and disk with the stack. Default: both are kept.

        Raises
        ------
        ValueError
            If the name is too long, or the type has local disks, for which SageMaker takes no key.
        """
        super().__init__(scope, construct_id)
        _check_instance_type(machine.instance_type)
        self._owner, self._machine, self._network = owner, machine, network
        self._work, self._storage = work, storage
        self._removal = RemovalPolicy.DESTROY if destroy else RemovalPolicy.RETAIN
        self.instance_name = instance_name(owner, network)
        self.job_role = self._build_job_role()
        self.role = self._build_role(log_group_name)
        self.lifecycle = self._build_lifecycle(idle, log_group_name)
        self.instance = self._build_instance()
        self._acknowledge_network()

    def _build_job_role(self) -> NotebookJobRole:
        return NotebookJobRole(
            self,
            "JobRole",
            owner=self._owner,
            work=self._work,
            network=self._network,
            storage=self._storage,
        )

    def _build_role(self, log_group_name: str) -> NotebookRole:
        return NotebookRole(
            self,
            "NotebookRole",
            owner=self._owner,
            instance_name=self.instance_name,
            work=self._work,
            network=self._network,
            storage=self._storage,
            log_group_name=log_group_name,
            job_role=self.job_role,
        )

    def _build_lifecycle(self, idle: IdleShutdown, log_group_name: str) -> NotebookLifecycle:
        lifecycle = NotebookLifecycle(
            self,
            "Lifecycle",
            owner=self._owner,
            instance_name=self.instance_name,
            network=self._network,
            idle=idle,
            work=self._work,
            storage=self._storage,
            job_role=self.job_role,
            log_group_name=log_group_name,
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


def instance_name(owner: NotebookOwner, network: NotebookNetwork) -> str:
    """Return `<prefix>-nb-<notebook>-<4 hex>`, which changes with whatever would replace the instance.

    Raises
    ------
    ValueError
        If SageMaker would not take it.
    """
    name = f"{PlatformNames(owner.prefix).notebook_instances}{owner.notebook}-{network.digest(PLATFORM)}"
    if len(name) > MAX_NAME:
        raise ValueError(f"{name} has {len(name)} characters; SageMaker takes {MAX_NAME}. Shorten the notebook's name")
    return name


def _check_instance_type(instance_type: str) -> None:
    if has_local_nvme(instance_type):
        raise ValueError(
            f"{instance_type} has local NVMe disks, for which SageMaker takes no KMS key; use a type without them, such as "
            "ml.m5.xlarge, and train on GPUs in training jobs"
        )
