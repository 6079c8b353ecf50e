"""Notebooks: instances that people work in, and the watchdog that stops forgotten ones."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Size, Tags
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from ml_platform import (
    ClientBundle,
    FrameworkImage,
    IdleShutdown,
    KeepHours,
    NightlyStop,
    NotebookInstance,
    NotebookMachine,
    NotebookNetwork,
    NotebookOwner,
    NotebookWatchdog,
    NotebookWork,
    PlatformStorage,
    WatchdogOptions,
    WatchedNotebook,
)
from platform_contract.tags import ENVIRONMENT_TAG
from settings import SettingsError
from settings.notebook import NotebookSection, WatchdogSection
from stacks.base import PlatformStack, StackContext, log_retention

REPOSITORY = Path(__file__).resolve().parents[1]
CLIENT_FOLDERS = {
    "mlp": REPOSITORY / "mlp",
    "platform_contract": REPOSITORY / "platform_contract",
    "samples": REPOSITORY / "notebook/samples",
}
"""What people find in a notebook besides the platform's data."""
IMAGE = {"framework": "sklearn", "version": "1.9-0"}
"""Container of training jobs and endpoints that notebooks start."""


class NotebooksStack(PlatformStack):
    """All notebook instances of an environment."""

    def __init__(
        self,
        scope: Construct,
        context: StackContext,
        *,
        environment: str,
        notebooks: Mapping[str, NotebookSection],
        datasets: Mapping[str, str],
        watchdog: WatchdogSection,
        storage: PlatformStorage,
        alerts: sns.ITopic,
        destroy: bool,
    ) -> None:
        """Create `notebooks`; `datasets` names each model's, `destroy` deletes the notebooks' disks with the stack.

        Raises
        ------
        SettingsError
            If the settings of a notebook, its models and packages above all, do not fit into a lifecycle script.
        """
        super().__init__(scope, context, "Notebooks")
        self._names, self._environment, self._storage, self._destroy = context.names, environment, storage, destroy
        self._datasets = datasets
        Tags.of(self).add(ENVIRONMENT_TAG, context.names.prefix)
        self.log_group = self._build_log_group(watchdog)
        self._image = FrameworkImage(self, "Image", **IMAGE)
        self._client = ClientBundle(self, "Client", folders=CLIENT_FOLDERS)
        self.notebooks = {name: self._checked_notebook(name, section) for name, section in notebooks.items()}
        self.watchdog = self._build_watchdog(notebooks, watchdog, alerts)
        self._build_outputs()

    def _build_log_group(self, watchdog: WatchdogSection) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=self._names.notebook_logs,
            encryption_key=self._storage.key,
            retention=log_retention(watchdog.log_retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _checked_notebook(self, name: str, section: NotebookSection) -> NotebookInstance:
        """Create a notebook; what only its lifecycle script can tell is told as any other wrong setting is."""
        try:
            return self._build_notebook(name, section)
        except ValueError as error:
            raise SettingsError([f"notebooks.{name}: {error}"]) from None

    def _build_notebook(self, name: str, section: NotebookSection) -> NotebookInstance:
        notebook = NotebookInstance(
            self,
            f"{pascal(name)}Notebook",
            owner=NotebookOwner(notebook=name, environment=self._environment, prefix=self._names.prefix),
            machine=_machine(section),
            network=NotebookNetwork(
                internet_access=section.internet_access,
                subnet_id=section.subnet_id,
                security_group_ids=section.security_group_ids,
            ),
            idle=_idle(section),
            work=NotebookWork(
                models={model: self._names.model(model) for model in section.models},
                datasets={model: self._datasets[model] for model in section.models},
                packages=section.packages,
                endpoint_lifetime=Duration.hours(section.endpoint_hours),
            ),
            storage=self._storage,
            client=self._client,
            image=self._image,
            log_group_name=self._names.notebook_logs,
            destroy=self._destroy,
        )
        # The agent writes into the group from its first minute on.
        notebook.instance.node.add_dependency(self.log_group)
        return notebook

    def _build_watchdog(
        self, notebooks: Mapping[str, NotebookSection], watchdog: WatchdogSection, alerts: sns.ITopic
    ) -> NotebookWatchdog:
        return NotebookWatchdog(
            self,
            "Watchdog",
            prefix=self._names.prefix,
            notebooks=[_watched(self.notebooks[name], section) for name, section in notebooks.items()],
            options=WatchdogOptions(
                every=Duration.minutes(watchdog.every_minutes),
                heartbeat=Duration.minutes(watchdog.heartbeat_minutes),
                max_keep_alive=Duration.hours(watchdog.max_keep_alive_hours),
                prices_per_hour=watchdog.prices_per_hour,
                currency=watchdog.currency,
                service_log_days=watchdog.log_retention_days,
            ),
            key=self._storage.key,
            alerts=alerts,
            log_retention=log_retention(watchdog.log_retention_days),
        )

    def _build_outputs(self) -> None:
        for name, notebook in self.notebooks.items():
            CfnOutput(self, f"{pascal(name)}InstanceName", value=notebook.instance_name)
            CfnOutput(self, f"{pascal(name)}RoleArn", value=notebook.role.arn)
            CfnOutput(self, f"{pascal(name)}JobRoleArn", value=notebook.job_role.arn)
            CfnOutput(self, f"{pascal(name)}Lifecycle", value=notebook.lifecycle.digest)


def pascal(name: str) -> str:
    """Return a notebook's name as constructs and outputs carry it: `team-a` becomes `TeamA`."""
    return "".join(part.capitalize() for part in name.split("-"))


def _machine(section: NotebookSection) -> NotebookMachine:
    return NotebookMachine(
        instance_type=section.instance_type,
        volume=Size.gibibytes(section.volume_gb),
        root_access=section.root_access,
        repositories=section.repositories,
    )


def _idle(section: NotebookSection) -> IdleShutdown:
    keep = section.keep_hours
    return IdleShutdown(
        idle=Duration.minutes(section.idle_minutes),
        warning=Duration.minutes(section.warn_minutes),
        keep_hours=KeepHours(days=keep.days, begin=keep.from_, end=keep.to, timezone=keep.timezone) if keep else None,
        max_keep_alive=Duration.hours(section.keep_alive_hours),
    )


def _watched(notebook: NotebookInstance, section: NotebookSection) -> WatchedNotebook:
    nightly = section.nightly_stop
    return notebook.watched(
        max_uptime=Duration.hours(section.max_uptime_hours),
        nightly=NightlyStop(at=nightly.at, timezone=nightly.timezone) if nightly else None,
    )
