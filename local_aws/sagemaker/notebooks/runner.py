"""Starts, stops, changes and deletes instances, each in a thread of its own while its state says so."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from local_aws.errors import ServiceError
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.notebooks import processes
from local_aws.sagemaker.notebooks.disk import Disk, disk_of
from local_aws.sagemaker.notebooks.machine import Interrupted, Machine, Plan, StartFailed
from local_aws.sagemaker.notebooks.states import States
from local_aws.sagemaker.store import Record, Store

log = logging.getLogger(__name__)
INTERNAL_ERROR = "InternalFailure: the instance could not be started; the log of the embedded AWS has the details"
INTERRUPTED = "The embedded AWS was stopped while the instance started"
LOST = "Every process of the instance was ended from outside, as the kernel does where memory is short; start it again"
STOP_SECONDS = 15.0


class Runner:
    """The machines of all instances; `folder` holds their disks, `home` is the place that the embedded AWS was started for."""

    def __init__(self, store: Store, states: States, endpoint_url: str, folder: Path, home: Caller) -> None:
        self._store, self._states, self._endpoint_url = store, states, endpoint_url
        self._folder, self._home = folder, home
        self._machines: dict[str, Machine] = {}
        self._work: dict[str, threading.Thread] = {}

    def disk(self, caller: Caller, record: Record) -> Disk:
        """Return the disk of an instance."""
        return disk_of(self._folder, self._home, caller, record["NotebookInstanceName"])

    def address_of(self, resource: str) -> str | None:
        """Return where an instance's JupyterLab is, None where it does not run."""
        machine = self._machines.get(resource)
        return machine.url if machine else None

    def start(self, caller: Caller, record: Record, plan: Callable[[], Plan]) -> None:
        """Start an instance that is Pending; it ends InService or Failed."""
        self._do(record, lambda: self._start(caller, record, plan))

    def stop(self, caller: Caller, record: Record) -> None:
        """Stop an instance that is Stopping."""

        def work() -> None:
            machine = self._machines.pop(record["NotebookInstanceArn"], None)
            if machine is not None:
                machine.stop()
            self._states.enter(caller, record, "Stopped")

        self._do(record, work)

    def change(self, caller: Caller, record: Record, new: Record, gone: set[str]) -> None:
        """Give an instance that is Updating its new settings."""

        def work() -> None:
            with self._store.lock:
                record.update(new)
                for key in gone:
                    record.pop(key, None)
            self._states.enter(caller, record, "Stopped")

        self._do(record, work)

    def delete(self, caller: Caller, record: Record) -> None:
        """Delete an instance that is Deleting, with its volume.

        A volume that was adopted, and has never been in service since, is somebody's work of before: that one stays.
        """

        def work() -> None:
            disk = self.disk(caller, record)
            processes.end(disk.root)
            if not record["adopts"]:
                disk.delete()
            self._store.remove("notebook-instance", caller, record["NotebookInstanceName"])

        self._do(record, work)

    def stop_all(self) -> None:
        """End every process of every instance; the volumes stay."""
        stopping = [threading.Thread(target=machine.stop) for machine in list(self._machines.values())]
        for thread in stopping:
            thread.start()
        for thread in [*stopping, *self._work.values()]:
            thread.join(STOP_SECONDS)

    def _do(self, record: Record, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._work[record["NotebookInstanceArn"]] = thread
        thread.start()

    def _lost(self, caller: Caller, record: Record) -> None:
        """Let an instance whose processes are all gone be Failed, unless somebody stops it at this moment."""
        resource = record["NotebookInstanceArn"]
        try:
            self._states.leave(caller, record, ("InService",), "Stopping")
        except ServiceError:
            return
        log.error("every process of %s was ended, by something outside of it", resource)
        self._machines.pop(resource).stop()
        self._states.enter(caller, record, "Failed", LOST)

    def _start(self, caller: Caller, record: Record, plan: Callable[[], Plan]) -> None:
        resource = record["NotebookInstanceArn"]
        reason = INTERNAL_ERROR
        try:
            machine = Machine(plan(), self.disk(caller, record), self._endpoint_url, lambda: self._lost(caller, record))
            self._machines[resource] = machine
            machine.start()
        except Interrupted:
            reason = INTERRUPTED
        except (StartFailed, ServiceError) as failure:
            reason = str(failure)
        except Exception:
            log.exception("%s could not be started", resource)
        else:
            record["adopts"] = False
            self._states.enter(caller, record, "InService")
            return
        if resource in self._machines:
            self._machines.pop(resource).stop()
        self._states.enter(caller, record, "Failed", reason)
