"""Training jobs: script mode through AWS's own training toolkit, or the command that a job names, on each instance."""

import re

from local_aws.containers.container import Container
from local_aws.containers.process import Outcome
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.jobs import training_rules
from local_aws.sagemaker.jobs.hosts import Host, lay_out, pack, run_all
from local_aws.sagemaker.jobs.jobs import JobFailed, Jobs, Stopped, Workplace, check
from local_aws.sagemaker.store import Record, now

NO_MESSAGE = 'ErrorMessage ""'
FAILED_SCRIPT = "ExecuteUserScriptError:"
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
"""Of the secondary statuses, as DescribeTrainingJob's examples show them."""
EXCEPTION = re.compile(r"^(?!(?:[\w.]*\.)?ExecuteUserScriptError)[\w.]+(Error|Exception|Exit|Interrupt)\b: ")


class TrainingJobs(Jobs):
    """CreateTrainingJob and what belongs to it."""

    kind = "Training"
    log_group = "/aws/sagemaker/TrainingJobs"

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateTrainingJob."""
        training_rules.check(parameters)
        return super().create(caller, parameters)

    def _image(self, record: Record) -> str:
        return str(record["AlgorithmSpecification"]["TrainingImage"])

    def _work(self, record: Record, place: Workplace) -> None:
        _refuse_what_cannot_run(record)
        self._enter(place, record, "Downloading")
        hosts = self._hosts(record, place)
        try:
            for host in hosts:
                lay_out(host, [host.name for host in hosts], record, place.storage)
            self._enter(place, record, "Training")
            self._train(record, place, hosts)
        finally:
            for host in hosts[1:]:
                host.logs.close()

    def _hosts(self, record: Record, place: Workplace) -> list[Host]:
        names = [f"algo-{number}" for number in range(1, record["ResourceConfig"].get("InstanceCount", 1) + 1)]
        role = place.credentials.caller
        others = [self._log(role, record, name) for name in names[1:]]
        logs = [place.logs, *others]
        return [Host(name, index, self._container(name, record, place), logs[index]) for index, name in enumerate(names)]

    def _container(self, name: str, record: Record, place: Workplace) -> Container:
        contract = {"TRAINING_JOB_NAME": record["TrainingJobName"], "TRAINING_JOB_ARN": record["TrainingJobArn"]}
        isolated = record.get("EnableNetworkIsolation", False)
        return Container(
            place.environment,
            place.folder / name,
            {**record.get("Environment", {}), **contract, **self._reaches(place, isolated=isolated)},
            isolated=isolated,
            name=name,
        )

    def _train(self, record: Record, place: Workplace, hosts: list[Host]) -> None:
        limit = record["StoppingCondition"].get("MaxRuntimeInSeconds", training_rules.DAY)
        outcomes = run_all(hosts, record, limit, place.stop)
        if place.stop.is_set():
            raise Stopped
        if any(outcome.timed_out for outcome in outcomes):
            # As on AWS: out of time is Stopped, not Failed, and what the script has saved by then is kept.
            record["SecondaryStatus"] = "MaxRuntimeExceeded"
            self._upload(record, place, hosts)
            raise Stopped
        for host, outcome in zip(hosts, outcomes, strict=True):
            # The others were stopped because one failed: that one says why.
            if not outcome.stopped:
                _check(host, outcome, limit)
        self._enter(place, record, "Uploading")
        self._upload(record, place, hosts)

    def _upload(self, record: Record, place: Workplace, hosts: list[Host]) -> None:
        target = record["OutputDataConfig"]
        base = f"{target['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
        model, output = place.folder / "model.tar.gz", place.folder / "output.tar.gz"
        pack([host.folder / "model" for host in hosts], model)
        place.storage.upload(model, f"{base}/model.tar.gz", target.get("KmsKeyId"))
        if pack([host.folder / "output/data" for host in hosts], output):
            place.storage.upload(output, f"{base}/output.tar.gz", target.get("KmsKeyId"))
        record["ModelArtifacts"] = {"S3ModelArtifacts": f"{base}/model.tar.gz"}

    def _begin(self, record: Record) -> None:
        _enter(record, "Starting")

    def _enter(self, place: Workplace, record: Record, status: str) -> None:
        with self._store.lock:
            _enter(record, status)
            self._announce(place.credentials.caller, record)

    def _finish(self, record: Record, status: str) -> None:
        _enter(record, "MaxRuntimeExceeded" if record.get("SecondaryStatus") == "MaxRuntimeExceeded" else status)
        seconds = int((record["TrainingEndTime"] - record["TrainingStartTime"]).total_seconds())
        record["TrainingTimeInSeconds"] = record["BillableTimeInSeconds"] = max(1, seconds)


def _refuse_what_cannot_run(record: Record) -> None:
    """Raise JobFailed for what AWS runs and this machine does not, rather than running something else."""
    if record["ResourceConfig"].get("InstanceGroups"):
        raise JobFailed("The embedded AWS trains on instances of one kind, not on InstanceGroups; AWS offers both.")
    compression = record["OutputDataConfig"].get("CompressionType", "GZIP")
    if compression != "GZIP":
        raise JobFailed(f"The embedded AWS offers output compression GZIP, not {compression}; AWS offers both.")
    for channel in record.get("InputDataConfig", []):
        name, mode = channel["ChannelName"], channel.get("InputMode", record["AlgorithmSpecification"]["TrainingInputMode"])
        if mode != "File":
            raise JobFailed(f"Channel {name}: the embedded AWS offers input mode File, not {mode}; AWS offers both.")
        if "S3DataSource" not in channel["DataSource"]:
            raise JobFailed(f"Channel {name}: the embedded AWS offers S3 as data source only; AWS offers more.")
        kind = channel["DataSource"]["S3DataSource"].get("S3DataType", "S3Prefix")
        if kind != "S3Prefix":
            raise JobFailed(f"Channel {name}: the embedded AWS offers data of type S3Prefix, not {kind}; AWS offers both.")


def _enter(record: Record, status: str) -> None:
    record["SecondaryStatus"], record["LastModifiedTime"] = status, now()
    transitions = record.setdefault("SecondaryStatusTransitions", [])
    moment = now()
    if transitions:
        transitions[-1]["EndTime"] = moment
    transitions.append({"Status": status, "StartTime": moment, "StatusMessage": MESSAGES[status]})


def _check(host: Host, outcome: Outcome, limit: int) -> None:
    check(outcome, lambda: f"AlgorithmError: {_reason(host)}, exit code: {outcome.exit_code}", limit)


def _reason(host: Host) -> str:
    """Return what the container wrote to its failure file, else the end of its log.

    The toolkit keeps the messages of Python's own exceptions only; those of a library's come from the log.
    """
    failure = host.folder / "output/failure"
    text = failure.read_text().strip() if failure.is_file() else ""
    # The toolkit's own traceback would leave no room for what the script said.
    text = text[max(text.rfind(FAILED_SCRIPT), 0) :]
    if not text:
        return "\n".join(list(host.logs.tail)[-10:])
    raised = [line for line in host.logs.tail if EXCEPTION.match(line)]
    return text.replace(NO_MESSAGE, f'ErrorMessage "{raised[-1]}"') if raised else text
