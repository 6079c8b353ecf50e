"""A training job of own code: follow it, read it, stop it."""

from __future__ import annotations

from typing import Any

from mlp.in_notebook.logs import JOBS, LogReader
from mlp.in_notebook.output import write_line
from mlp.in_notebook.platform import NotebookPlatform
from mlp.in_notebook.refusals import in_words
from mlp.platform.errors import Failed, MlpError
from mlp.platform.waiting import on_change, polled

POLL_SECONDS = 0.5
POLL_SECONDS_AWS = 5
RUNNING = ("InProgress", "Stopping")
LATE_LINES = 2
"""How often the log is read again after the end: CloudWatch Logs shows the last lines with a delay."""


class Job:
    """A training job that this notebook started; its server ends with it."""

    def __init__(self, platform: NotebookPlatform, name: str) -> None:
        self._platform, self.name = platform, name
        self._known: dict[str, Any] = {}

    @classmethod
    def existing(cls, platform: NotebookPlatform, name: str) -> Job:
        """Return the job of that name.

        Raises
        ------
        MlpError
            If there is none, or it belongs to others.
        """
        found = cls(platform, name)
        try:
            found._described()
        except Failed as error:
            if "not found" not in str(error):
                raise
            raise MlpError(
                f"There is no training job {name!r} in {platform.region}; mlp.train returns the job that it starts"
            ) from None
        return found

    def __repr__(self) -> str:
        parts = [self._known.get("TrainingJobStatus", "status not asked for yet")]
        if self._known.get("BillableTimeInSeconds"):
            parts.append(f"{self._known['BillableTimeInSeconds']} s billed")
        return f"Job({self.name!r}: {', '.join(parts)})"

    @property
    def status(self) -> str:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        return str(self._described()["TrainingJobStatus"])

    @property
    def image(self) -> str:
        """URI of the image that trains, and that can serve."""
        return str(self._described()["AlgorithmSpecification"]["TrainingImage"])

    @property
    def artifact(self) -> str | None:
        """S3 URI of the model.tar.gz; None while there is none."""
        found = self._described().get("ModelArtifacts", {}).get("S3ModelArtifacts")
        return str(found) if found else None

    @property
    def seconds(self) -> int | None:
        """Seconds that AWS bills, for each instance; None while the job runs."""
        found = self._described().get("BillableTimeInSeconds")
        return int(found) if found is not None else None

    def logs(self) -> list[str]:
        """Return all lines that the job has written."""
        with in_words(self._platform):
            reader = LogReader(self._platform, JOBS, f"{self.name}/")
            lines = reader.new_lines()
        if reader.refused:
            raise MlpError(_no_logs(self._platform))
        return lines

    def stop(self) -> None:
        """Stop the job and its server; what the script has saved by then is kept."""
        with in_words(self._platform):
            self._platform.client("sagemaker").stop_training_job(TrainingJobName=self.name)
        write_line(f"{self.name}: stopping")

    def wait(self) -> Job:
        """Show what the job does until it has ended, or until the cell is interrupted, and return the job.

        Raises
        ------
        Failed
            If the job failed, was stopped, or ran out of time.
        """
        try:
            with in_words(self._platform):
                self._follow()
        except KeyboardInterrupt:
            write_line(
                f"No longer waiting; the job goes on, and its server is billed. Stop it with: mlp.job({self.name!r}).stop()"
            )
            return self
        self._conclude()
        return self

    def _follow(self) -> None:
        reader, phase = LogReader(self._platform, JOBS, f"{self.name}/"), on_change(write_line)
        pause = POLL_SECONDS if self._platform.embedded else POLL_SECONDS_AWS
        late = 0
        for described in polled(self._described, every=pause):
            phase(f"{self.name}: {described.get('SecondaryStatus', described['TrainingJobStatus'])}")
            for line in reader.new_lines():
                write_line(f"  {line}")
            late += described["TrainingJobStatus"] not in RUNNING
            if late and (reader.refused or late == LATE_LINES):
                break
        if reader.refused:
            write_line(_no_logs(self._platform))

    def _conclude(self) -> None:
        known = self._known
        status, reason = known["TrainingJobStatus"], known.get("FailureReason", "no reason given")
        if known.get("SecondaryStatus") == "MaxRuntimeExceeded":
            limit = known["StoppingCondition"]["MaxRuntimeInSeconds"] / 60
            raise Failed(f"{self.name} was stopped after {limit:g} minutes, its limit; give a larger max_minutes")
        if status != "Completed":
            raise Failed(f"{self.name} {status.lower()}: {reason}" if status == "Failed" else f"{self.name} was stopped")
        write_line(f"{self.name}: {self.seconds} s billed, model at {self.artifact}")

    def _described(self) -> dict[str, Any]:
        if self._known.get("TrainingJobStatus", RUNNING[0]) in RUNNING:
            with in_words(self._platform):
                self._known = self._platform.client("sagemaker").describe_training_job(TrainingJobName=self.name)
        return self._known


def _no_logs(platform: NotebookPlatform) -> str:
    return f"The job's log lines cannot be shown: the role of notebook {platform.notebook} may not read them"
