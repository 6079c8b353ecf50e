"""The machine of a notebook instance that runs: from its start to its stop."""

import contextlib
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from local_aws import clock
from local_aws.containers import process
from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller, Credentials, assume
from local_aws.sagemaker.jobs.logs import JobLogs
from local_aws.sagemaker.notebooks import hooks, processes, repositories
from local_aws.sagemaker.notebooks.disk import ANACONDA, HOME, VOLUME, Disk
from local_aws.sagemaker.notebooks.hooks import Hook, HookFailed
from local_aws.sagemaker.notebooks.jupyter import Jupyter, JupyterInRoom, JupyterWithToken
from local_aws.sagemaker.notebooks.metadata_service import Lease, MetadataService
from local_aws.sagemaker.notebooks.repositories import CloneFailed, Repository
from local_aws.sagemaker.notebooks.room import METADATA, Room
from local_aws.sagemaker.store import SAGEMAKER

log = logging.getLogger(__name__)
LOG_GROUP = "/aws/sagemaker/NotebookInstances"
JUPYTER_SECONDS = 120.0
"""How long JupyterLab may take until it answers."""
CHECK_SECONDS = 0.2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
"""Before JupyterLab is started again: the pause doubles while it does not stay up."""


class StartFailed(Exception):
    """The instance cannot be started; the text becomes its FailureReason."""


class Interrupted(Exception):
    """The machine was stopped while it started."""


@dataclass(frozen=True)
class Plan:
    """What a start needs to know."""

    name: str
    arn: str
    role_arn: str
    caller: Caller
    instance_type: str
    version_1: bool
    """Whether the metadata service answers its version 1."""
    internet: bool
    """Whether the instance has direct access to the internet."""
    root_access: bool
    """Whether its user may use sudo."""
    config_arn: str = ""
    hooks: tuple[Hook, ...] = ()
    repositories: tuple[Repository, ...] = ()
    """To clone; the first is the default one where `opens_in` names it."""
    opens_in: str | None = None


@dataclass
class Machine:
    """One run of an instance."""

    plan: Plan
    disk: Disk
    endpoint_url: str
    lost: Callable[[], None]
    """Called while everything of the instance is gone, ended from outside, and nobody has stopped it."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    """Held by who starts a process of the instance on his own, so that none starts behind the back of a stop."""
    _logs: dict[str, JobLogs] = field(default_factory=dict)
    _environment: dict[str, str] = field(default_factory=dict)
    _metadata: MetadataService | None = None
    _room: Room | None = None
    """Its view of the machine, where namespaces can be had."""
    _jupyter: Jupyter | None = None

    def start(self) -> None:
        """Do what AWS does at a start, in its order, until JupyterLab answers.

        Raises
        ------
        StartFailed
            With the reason.
        Interrupted
            If the machine was stopped meanwhile.
        """
        try:
            self._boot()
        except HookFailed as failure:
            arns = f"Notebook Instance Lifecycle Config '{self.plan.config_arn}' for Notebook Instance '{self.plan.arn}'"
            advice = "Please check your CloudWatch logs for more details if your Notebook Instance has Internet access."
            raise StartFailed(f"{arns} {failure} {advice}") from None
        except CloneFailed as failure:
            raise StartFailed(str(failure)) from None
        except ServiceError as error:
            raise StartFailed(error.message) from None
        except Exception:
            # What was taken away from under a start, by a stop, fails in ways of its own.
            self._go_on()
            raise
        self._go_on()
        threading.Thread(target=self._watch, daemon=True).start()

    def _boot(self) -> None:
        lease = Lease(self._assume)
        role = lease.credentials().caller
        # What an embedded AWS that was killed has left running would write below the new root.
        processes.end(self.disk.root)
        self.disk.renew(self.plan.name, self.plan.arn)
        self._environment = self._enter(lease)
        # Before the first script, which may change the configuration, as on AWS.
        self._jupyter = self._new_jupyter(self._log(role, "jupyter.log").write)
        for hook in self.plan.hooks:
            self._go_on()
            sink = self._log(role, f"LifecycleConfig{hook.name}").write
            hooks.run(hook, self.disk, partial(self._run, {"PATH": hooks.PATH}, "", sink), self._stop)
        for repository in self.plan.repositories:
            self._go_on()
            secret = repositories.secret_of(repository, lease.credentials, self.endpoint_url)
            repositories.clone(repository, self.disk, lambda c, v, sink: self._run(v, VOLUME, sink, c), secret, self._stop)
        self._go_on()
        self._jupyter.start()
        self._wait(self._jupyter)

    def _enter(self, lease: Lease) -> dict[str, str]:
        """Make the instance's view of the machine and its metadata service; return what its processes see."""
        facts, version_1 = self._facts(), self.plan.version_1
        if not self.disk.shown:
            self._metadata = MetadataService(lease, facts, version_1=version_1)
            below = {"XDG_CONFIG_DIRS": self.disk.seen("etc/xdg"), "AWS_EC2_METADATA_SERVICE_ENDPOINT": self._metadata.url}
            return {**self._variables(), **processes.marks(self.disk.root), **below}
        self._room = room = Room(self.disk, self.plan.arn, self.plan.caller.region, root_access=self.plan.root_access)
        self._metadata = MetadataService(lease, facts, version_1=version_1, listener=room.network.listen(METADATA, 80))
        return {**self._variables(), **room.reach(self.endpoint_url, internet=self.plan.internet)}

    def _run(
        self, variables: Mapping[str, str], folder: str, sink: Callable[[str], None], command: Sequence[str]
    ) -> "subprocess.Popen[str]":
        """Start a command of the instance in one of its folders, given below its root."""
        environment = {**self._environment, **variables}
        if self._room:
            return self._room.start(command, environment, f"/{folder}", sink)
        return process.start(command, environment, self.disk.root / folder if folder else Path("/"), sink)

    def _new_jupyter(self, sink: Callable[[str], None]) -> Jupyter:
        def start(command: Sequence[str], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
            return self._run(variables, VOLUME, sink, command)

        if self._room:
            return JupyterInRoom(self.disk, start, self.plan.opens_in, self._room)
        return JupyterWithToken(self.disk, start, self.plan.opens_in)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Interrupted

    def _assume(self, seconds: float) -> Credentials:
        return assume(self.plan.role_arn, SAGEMAKER, "SageMaker", self.plan.caller.region, seconds)

    def _wait(self, jupyter: Jupyter) -> None:
        deadline = time.monotonic() + JUPYTER_SECONDS
        while not self._stop.wait(CHECK_SECONDS / 2) and not jupyter.answers:
            if time.monotonic() > deadline or not jupyter.alive:
                said = " ".join(list(self._logs["jupyter.log"].tail)[-3:])
                raise StartFailed(f"JupyterLab did not start. It said last: {said}")

    def _watch(self) -> None:
        """Start JupyterLab again whenever it ends, as AWS's own service manager does, until the whole instance has."""
        assert self._jupyter is not None
        pause, started = FIRST_PAUSE_SECONDS, time.monotonic()
        while not self._stop.wait(CHECK_SECONDS):
            if self._room and not self._room.alive:
                self.lost()
                continue
            if self._jupyter.alive:
                continue
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - started > LONGEST_PAUSE_SECONDS else pause * 2
            log.warning("JupyterLab of %s ended; it is started again", self.plan.name)
            self._stop.wait(min(pause, LONGEST_PAUSE_SECONDS))
            with self._starting:
                if not self._stop.is_set():
                    self._jupyter.start()
                    started = time.monotonic()

    @property
    def url(self) -> str | None:
        """Where JupyterLab is, with its token; None while there is none."""
        return self._jupyter.url if self._jupyter and not self._stop.is_set() else None

    def stop(self) -> None:
        """End every process of the instance; nothing of it runs afterwards."""
        with self._starting:
            self._stop.set()
        with contextlib.ExitStack() as ending:
            for stream in list(self._logs.values()):
                ending.callback(stream.close)
            if self._metadata is not None:
                ending.callback(self._metadata.stop)
            ending.callback(processes.end, self.disk.root)
            if self._room is not None:
                ending.callback(self._room.close)

    def _log(self, role: Caller, stream: str) -> JobLogs:
        """Return a log stream of the instance; it stays open, because what a script left running may still write."""
        self._logs[stream] = JobLogs(role, LOG_GROUP, f"{self.plan.name}/{stream}")
        return self._logs[stream]

    def _facts(self) -> dict[str, str]:
        region = self.plan.caller.region
        return {
            "/latest/meta-data/instance-type": self.plan.instance_type.removeprefix("ml."),
            "/latest/meta-data/placement/region": region,
            "/latest/meta-data/placement/availability-zone": f"{region}a",
            "/latest/meta-data/services/domain": "amazonaws.com",
        }

    def _variables(self) -> dict[str, str]:
        """Return what the instance's processes see: nothing of this process's own, and no credentials."""
        return {
            "PATH": f"{self.disk.seen(ANACONDA)}/bin:/usr/local/bin:/usr/bin:/bin:/sbin",
            "HOME": self.disk.seen(HOME),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.plan.caller.region,
            "AWS_DEFAULT_REGION": self.plan.caller.region,
            "LOCAL_AWS_CLOCK": f"{clock.FACTOR:g}",
        }
