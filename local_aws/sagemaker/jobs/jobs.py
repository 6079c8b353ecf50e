"""What training and processing jobs share: states, the thread that runs them, stopping, events."""

import logging
import shutil
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.containers.environments import Environment
from local_aws.containers.images import NoImage, environment_of
from local_aws.containers.process import Outcome
from local_aws.errors import ServiceError, in_use, invalid
from local_aws.ministack_bridge.identity import Caller, Credentials, assume, pass_role
from local_aws.s3_transfer import RoleStorage, TransferError
from local_aws.sagemaker.events import tell_state
from local_aws.sagemaker.jobs.logs import JobLogs
from local_aws.sagemaker.listings import LISTINGS
from local_aws.sagemaker.store import SAGEMAKER, Record, Store, arn, now

log = logging.getLogger(__name__)
MAX_REASON = 1024
INTERNAL_ERROR = "InternalServerError: We encountered an internal error. Please try again."
RUNNING = ("InProgress", "Stopping")


class Stopped(Exception):
    """The job was stopped before its end."""


class JobFailed(Exception):
    """The job ends as Failed; the text becomes its FailureReason."""


@dataclass
class Running:
    """A job that runs: how to stop it, and where it works."""

    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Workplace:
    """What a running job works with."""

    folder: Path
    environment: Environment
    credentials: Credentials
    storage: RoleStorage
    logs: JobLogs
    stop: threading.Event


class Jobs(ABC):
    """Jobs of one kind, such as `Training`."""

    kind: str
    log_group: str

    def __init__(self, store: Store, endpoint_url: str) -> None:
        self._store, self._endpoint_url = store, endpoint_url
        self._running: dict[str, Running] = {}
        self.operations: dict[str, Callable[[Caller, Record], Record | None]] = {
            f"Create{self.kind}Job": self.create,
            f"Describe{self.kind}Job": self.describe,
            f"List{self.kind}Jobs": self.list_jobs,
            f"Stop{self.kind}Job": self.stop,
            f"Delete{self.kind}Job": self.delete,
        }

    @property
    def _resource(self) -> str:
        return f"{self.kind.lower()}-job"

    @property
    def _status(self) -> str:
        return f"{self.kind}JobStatus"

    def create(self, caller: Caller, parameters: Record) -> Record:
        """Create<kind>Job."""
        name = parameters[f"{self.kind}JobName"]
        resource = arn(caller, self._resource, name)
        self._store.authorize_creation(caller, f"Create{self.kind}Job", resource, parameters)
        pass_role(caller, parameters["RoleArn"], SAGEMAKER)
        credentials = assume(parameters["RoleArn"], SAGEMAKER, "SageMaker", caller.region)
        with self._store.lock:
            if self._store.get(self._resource, caller, name):
                raise in_use(f"{self.kind} job names must be unique within an AWS account and region: {name} is taken")
            record = {**parameters, f"{self.kind}JobArn": resource, self._status: "InProgress"}
            record |= {"CreationTime": now(), "LastModifiedTime": now()}
            self._begin(record)
            running = self._running[resource] = Running()
            self._store.put(self._resource, caller, name, record)
            self._store.set_tags(resource, parameters.get("Tags", []))
            self._announce(caller, record)
        threading.Thread(target=self._run, args=(credentials, record, running), daemon=True).start()
        return {f"{self.kind}JobArn": resource}

    def describe(self, caller: Caller, parameters: Record) -> Record:
        """Describe<kind>Job."""
        name = parameters[f"{self.kind}JobName"]
        self._store.authorize(caller, f"Describe{self.kind}Job", arn(caller, self._resource, name))
        return dict(self.record(caller, name))

    def list_jobs(self, caller: Caller, parameters: Record) -> Record:
        """List<kind>Jobs."""
        self._store.authorize(caller, f"List{self.kind}Jobs", "*")
        return LISTINGS[f"List{self.kind}Jobs"].page(self._store.all(self._resource, caller), parameters)

    def stop(self, caller: Caller, parameters: Record) -> None:
        """Stop<kind>Job: SIGTERM, then SIGKILL."""
        name = parameters[f"{self.kind}JobName"]
        resource = arn(caller, self._resource, name)
        self._store.authorize(caller, f"Stop{self.kind}Job", resource)
        with self._store.lock:
            record = self.record(caller, name)
            if record[self._status] not in RUNNING:
                status = record[self._status]
                raise invalid(f"The request was rejected because the {self.kind.lower()} job is in status {status}.")
            record[self._status], record["LastModifiedTime"] = "Stopping", now()
            self._announce(caller, record)
            self._running[resource].stop.set()

    def delete(self, caller: Caller, parameters: Record) -> None:
        """Delete<kind>Job, of one that has ended; its logs and what it has written to S3 are kept."""
        name = parameters[f"{self.kind}JobName"]
        self._store.authorize(caller, f"Delete{self.kind}Job", arn(caller, self._resource, name))
        with self._store.lock:
            status = self.record(caller, name)[self._status]
            if status in RUNNING:
                raise in_use(f"{self.kind} job {name} is {status}; a job can be deleted once it is Completed, Failed or Stopped")
            self._store.remove(self._resource, caller, name)

    def record(self, caller: Caller, name: str) -> Record:
        """Return a job's record."""
        return self._store.find(self._resource, caller, name)

    def wait(self, caller: Caller, name: str) -> Record:
        """Wait for the end of a job and return its record."""
        running = self._running.get(arn(caller, self._resource, name))
        if running is not None:
            running.ended.wait()
        return self.record(caller, name)

    def stop_all(self) -> None:
        """End every running job."""
        for running in list(self._running.values()):
            running.stop.set()
        for running in list(self._running.values()):
            running.ended.wait(10)

    def _run(self, credentials: Credentials, record: Record, running: Running) -> None:
        record[f"{self.kind}StartTime"] = now()
        status, reason = "Failed", INTERNAL_ERROR
        try:
            status, reason = self._run_in_folder(credentials, record, running)
        except Exception:
            log.exception("%s failed", record[f"{self.kind}JobName"])
        finally:
            record[f"{self.kind}EndTime"] = record["LastModifiedTime"] = now()
            if status == "Failed":
                record["FailureReason"] = reason[:MAX_REASON]
            try:
                self._finish(record, status)
            finally:
                # Whatever happens, nobody waits for ever.
                with self._store.lock:
                    record[self._status] = status
                    self._running.pop(record[f"{self.kind}JobArn"], None)
                    self._announce(credentials.caller, record)
                running.ended.set()

    def _run_in_folder(self, credentials: Credentials, record: Record, running: Running) -> tuple[str, str]:
        """Do the job; return its last status and, for a failure, the reason."""
        folder = Path(tempfile.mkdtemp(prefix=f"{self._resource}-"))
        logs = self._log(credentials.caller, record, "algo-1")
        storage = RoleStorage(credentials, self._endpoint_url)
        try:
            environment = environment_of(self._image(record))
            self._work(record, Workplace(folder, environment, credentials, storage, logs, running.stop))
        except Stopped:
            return "Stopped", ""
        except (JobFailed, NoImage, TransferError, ServiceError) as failure:
            return "Failed", str(failure)
        finally:
            logs.close()
            shutil.rmtree(folder, ignore_errors=True)
        return "Completed", ""

    def _reaches(self, place: Workplace, *, isolated: bool) -> dict[str, str]:
        """Return the variables by which a container reaches AWS; an isolated one is told its region and nothing else.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
        """
        if isolated:
            return {"AWS_REGION": place.credentials.caller.region}
        return {**place.credentials.as_environment(), "AWS_ENDPOINT_URL": self._endpoint_url}

    def _log(self, role: Caller, record: Record, host: str) -> JobLogs:
        """Return the log stream of one of the job's instances."""
        stream = f"{record[f'{self.kind}JobName']}/{host}-{int(now().timestamp())}"
        return JobLogs(role, self.log_group, stream)

    def _begin(self, record: Record) -> None:  # noqa: B027 - not every kind has something to add
        """Set what is known from the first moment."""

    def _finish(self, record: Record, status: str) -> None:  # noqa: B027 - not every kind has something to add
        """Set what is known only at the end."""

    def _announce(self, caller: Caller, record: Record) -> None:
        """Tell of the job's state; what the job does not have is left out."""
        resource = record[f"{self.kind}JobArn"]
        tell_state(caller, f"{self.kind} Job", {**record, "Tags": self._store.tags_of(resource)}, resource)

    @abstractmethod
    def _image(self, record: Record) -> str:
        """Return the job's image."""

    @abstractmethod
    def _work(self, record: Record, place: Workplace) -> None:
        """Do the job."""


def check(outcome: Outcome, message: Callable[[], str], limit_seconds: int) -> None:
    """Raise JobFailed unless the command ended well, Stopped if it was stopped."""
    if outcome.stopped:
        raise Stopped
    if outcome.timed_out:
        raise JobFailed(f"ClientError: The job exceeded its limit of {limit_seconds} seconds and was stopped")
    if outcome.exit_code != 0:
        raise JobFailed(message())
