"""One execution of a pipeline: starts each step as soon as what it needs has succeeded, and keeps the record up to date."""

import logging
import threading
from collections.abc import Mapping

from local_aws.errors import ServiceError
from local_aws.s3_transfer import TransferError
from local_aws.sagemaker.jobs.jobs import INTERNAL_ERROR
from local_aws.sagemaker.pipelines.conditions import Incomparable
from local_aws.sagemaker.pipelines.events import announce_execution, announce_step
from local_aws.sagemaker.pipelines.expressions import Unresolvable
from local_aws.sagemaker.pipelines.graph import Node
from local_aws.sagemaker.pipelines.lambda_step import FunctionFailed
from local_aws.sagemaker.pipelines.steps import StepFailed, StepStopped, StepWorker
from local_aws.sagemaker.store import Record, now

log = logging.getLogger(__name__)
STEP_REASON, EXECUTION_REASON = 1024, 1300
"""Most characters of a step's and of an execution's FailureReason."""
EXPECTED = (ServiceError, TransferError, Unresolvable, FunctionFailed, Incomparable, StepFailed)


class PipelineRun:
    """Runs what of an execution has not succeeded yet.

    After a failure no step is started any more; those that run go on to their end, as on AWS, before the execution fails.
    A step that needs one of a branch not taken is never started, and does not keep the execution from succeeding.
    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps-types.html, "Fail step".
    """

    def __init__(
        self, record: Record, nodes: Mapping[str, Node], worker: StepWorker, lock: threading.RLock, limit: int | None
    ) -> None:
        self._record, self._nodes, self._worker = record, nodes, worker
        self._status_lock, self._limit = lock, limit
        self._changed = threading.Condition()
        status = record["PipelineExecutionStatus"]
        self._before = None if status == "Executing" else status
        self._running: set[str] = set()
        self._failed: list[Record] = []
        self._succeeded: dict[str, Record] = {}
        for entry in record["steps"]:
            if entry["StepStatus"] == "Succeeded":
                self._succeeded[entry["StepName"]] = entry
                worker.keep(nodes[entry["StepName"]].step, entry, entry["properties"])
        self._begun = set(self._succeeded)

    def start(self) -> None:
        """Run in the background."""
        announce_execution(self._worker.caller, self._record, self._before)
        try:
            threading.Thread(target=self._run, daemon=True).start()
        except RuntimeError:
            log.exception("%s could not be started", self._record["PipelineExecutionArn"])
            self._end(INTERNAL_ERROR)

    def stop(self) -> None:
        """Start no further step, and stop the jobs that run."""
        self._worker.stopped.set()
        with self._changed:
            stopping = [entry for entry in self._record["steps"] if entry["StepStatus"] == "Executing"]
            for entry in stopping:
                entry["StepStatus"] = "Stopping"
                announce_step(self._worker.caller, self._record, entry, "Executing")
            self._changed.notify_all()
        self._worker.stop()

    def set_limit(self, steps: int) -> None:
        """Let at most `steps` (>= 1) run at once from now on."""
        with self._changed:
            self._limit = steps
            self._changed.notify_all()

    def _run(self) -> None:
        reason = ""
        try:
            with self._changed:
                self._start_ready()
                while self._running:
                    self._changed.wait()
                    self._start_ready()
        except Exception:
            log.exception("%s failed", self._record["PipelineExecutionArn"])
            reason = INTERNAL_ERROR
        self._end(reason)

    def _start_ready(self) -> None:
        for name, node in self._nodes.items():
            if self._failed or self._worker.stopped.is_set():
                return
            if self._limit is not None and len(self._running) >= self._limit:
                return
            if name not in self._begun and self._is_ready(node):
                self._start_step(name, node)

    def _is_ready(self, node: Node) -> bool:
        if not node.needs <= self._succeeded.keys():
            return False
        if node.condition is None:
            return True
        return bool(self._succeeded[node.condition]["Metadata"]["Condition"]["Outcome"] == node.outcome)

    def _start_step(self, name: str, node: Node) -> None:
        entry = self._new_entry(name, node)
        self._begun.add(name)
        self._running.add(name)
        try:
            threading.Thread(target=self._run_step, args=(node, entry), daemon=True).start()
        except RuntimeError:
            log.exception("step %s could not be started", name)
            self._settle(entry, "Failed", INTERNAL_ERROR)
            self._running.discard(name)

    def _new_entry(self, name: str, node: Node) -> Record:
        earlier = [entry for entry in self._record["steps"] if entry["StepName"] == name]
        entry: Record = {
            "StepName": name,
            "StepType": node.step["Type"],
            "StepDisplayName": node.step.get("DisplayName"),
            "StepDescription": node.step.get("Description"),
            "StartTime": now(),
            "StepStatus": "Executing",
            "AttemptCount": 1 + sum(entry["AttemptCount"] for entry in earlier),
            "Metadata": {},
        }
        self._record["steps"] = [*(other for other in self._record["steps"] if other["StepName"] != name), entry]
        return entry

    def _run_step(self, node: Node, entry: Record) -> None:
        status, reason = "Failed", INTERNAL_ERROR
        announce_step(self._worker.caller, self._record, entry, None)
        try:
            self._worker.work(node.step, entry)
            status, reason = "Succeeded", ""
        except StepStopped:
            status, reason = "Stopped", ""
        except EXPECTED as failure:
            reason = str(failure)
        except Exception:
            log.exception("step %s of %s failed", entry["StepName"], self._record["PipelineExecutionArn"])
        finally:
            with self._changed:
                before = entry["StepStatus"]
                self._settle(entry, status, reason)
            # Before the execution can end: its event comes last.
            announce_step(self._worker.caller, self._record, entry, before)
            with self._changed:
                self._running.discard(entry["StepName"])
                self._changed.notify_all()

    def _settle(self, entry: Record, status: str, reason: str) -> None:
        if status == "Failed":
            entry["FailureReason"] = reason[:STEP_REASON]
            self._failed.append(entry)
        entry["EndTime"] = now()
        entry["StepStatus"] = status
        if status == "Succeeded":
            self._succeeded[entry["StepName"]] = entry

    def _end(self, reason: str) -> None:
        reason = reason or _reason(self._failed)
        with self._status_lock:
            before = self._record["PipelineExecutionStatus"]
            if reason:
                self._record["FailureReason"] = reason[:EXECUTION_REASON]
            self._record["LastModifiedTime"] = now()
            # A stop that came too late for any step is a stop all the same.
            self._record["PipelineExecutionStatus"] = "Failed" if reason else "Stopped" if before == "Stopping" else "Succeeded"
        announce_execution(self._worker.caller, self._record, before)


def _reason(failed: list[Record]) -> str:
    """Return an execution's reason: a Fail step's own words, else the steps that failed and why."""
    for entry in failed:
        if entry["StepType"] == "Fail":
            return str(entry["FailureReason"]) or "Step failure: One or multiple steps failed."
    listed = "; ".join(f"{entry['StepName']}: {entry['FailureReason']}" for entry in failed)
    return f"Step failure: One or multiple steps failed. {listed}" if listed else ""
