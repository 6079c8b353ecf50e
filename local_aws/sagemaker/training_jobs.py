"""Training jobs: script mode through AWS's own training toolkit."""

import json
import re
import sys
import tarfile
from pathlib import Path

from local_aws.containers import process
from local_aws.sagemaker.jobs import JobFailed, Jobs, Stopped, Workplace, check
from local_aws.sagemaker.store import Record, now

ENTRY = Path(__file__).parents[1] / "containers/toolkit/training_entry.py"


NO_MESSAGE = 'ErrorMessage ""'
EXCEPTION = re.compile(r"^(?!ExecuteUserScriptError)[\w.]+(Error|Exception|Exit|Interrupt)\b: ")


class TrainingJobs(Jobs):
    """CreateTrainingJob and what belongs to it."""

    kind = "Training"
    log_group = "/aws/sagemaker/TrainingJobs"

    def _image(self, record: Record) -> str:
        return str(record["AlgorithmSpecification"]["TrainingImage"])

    def _work(self, record: Record, place: Workplace) -> None:
        _refuse_what_cannot_run(record)
        _enter(record, "Downloading")
        self._lay_out(record, place)
        _enter(record, "Training")
        limit = record["StoppingCondition"].get("MaxRuntimeInSeconds", 86400)
        outcome = process.run(
            [sys.executable, str(ENTRY)],
            self._environment(record, place),
            place.folder,
            place.logs.write,
            seconds=limit,
            stop=place.stop,
        )
        failure = place.folder / "output/failure"
        if outcome.timed_out:
            # As on AWS: out of time is Stopped, not Failed, and what the script has saved by then is kept.
            record["SecondaryStatus"] = "MaxRuntimeExceeded"
            self._upload(record, place)
            raise Stopped
        check(outcome, lambda: f"AlgorithmError: {_reason(failure, place)}, exit code: {outcome.exit_code}", limit)
        _enter(record, "Uploading")
        self._upload(record, place)

    def _lay_out(self, record: Record, place: Workplace) -> None:
        """Make the folders and files that the container contract promises."""
        for name in ("input/config", "model", "output/data"):
            (place.folder / name).mkdir(parents=True)
        channels = {}
        for channel in record.get("InputDataConfig", []):
            name = channel["ChannelName"]
            target = place.folder / "input/data" / name
            target.mkdir(parents=True)
            place.storage.download(channel["DataSource"]["S3DataSource"]["S3Uri"], target)
            channels[name] = {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
                "ContentType": channel.get("ContentType", "application/octet-stream"),
            }
        hyperparameters = {key: process.rooted(value, place.folder) for key, value in record.get("HyperParameters", {}).items()}
        resources = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}
        files = {"hyperparameters": hyperparameters, "inputdataconfig": channels, "resourceconfig": resources}
        for name, content in files.items():
            (place.folder / f"input/config/{name}.json").write_text(json.dumps(content))

    def _environment(self, record: Record, place: Workplace) -> dict[str, str]:
        contract = {
            "SAGEMAKER_BASE_DIR": str(place.folder),
            # Without it the toolkit waits for a DNS name that only SageMaker's network has.
            "SM_STUDIO_LOCAL_MODE": "true",
            "TRAINING_JOB_NAME": record["TrainingJobName"],
            "TRAINING_JOB_ARN": record["TrainingJobArn"],
            "AWS_ENDPOINT_URL": self._endpoint_url,
        }
        return process.environment(place.folder, record.get("Environment", {}), contract, place.credentials.as_environment())

    def _upload(self, record: Record, place: Workplace) -> None:
        target = record["OutputDataConfig"]
        base = f"{target['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
        artifact = place.folder / "model.tar.gz"
        _pack(place.folder / "model", artifact)
        place.storage.upload(artifact, f"{base}/model.tar.gz", target.get("KmsKeyId"))
        if any((place.folder / "output/data").iterdir()):
            _pack(place.folder / "output/data", place.folder / "output.tar.gz")
            place.storage.upload(place.folder / "output.tar.gz", f"{base}/output.tar.gz", target.get("KmsKeyId"))
        record["ModelArtifacts"] = {"S3ModelArtifacts": f"{base}/model.tar.gz"}

    def _finish(self, record: Record, status: str) -> None:
        _enter(record, "MaxRuntimeExceeded" if record.get("SecondaryStatus") == "MaxRuntimeExceeded" else status)
        seconds = int((record["TrainingEndTime"] - record["TrainingStartTime"]).total_seconds())
        record["TrainingTimeInSeconds"] = record["BillableTimeInSeconds"] = max(1, seconds)


def _refuse_what_cannot_run(record: Record) -> None:
    """Raise JobFailed for what AWS runs and this machine does not, rather than running something else."""
    instances = record["ResourceConfig"].get("InstanceCount", 1)
    if instances > 1:
        raise JobFailed(f"The embedded AWS trains on one instance, not {instances}; AWS trains on as many as asked for.")
    for channel in record.get("InputDataConfig", []):
        name, mode = channel["ChannelName"], channel.get("InputMode", record["AlgorithmSpecification"]["TrainingInputMode"])
        if mode != "File":
            raise JobFailed(f"Channel {name}: the embedded AWS offers input mode File, not {mode}; AWS offers both.")
        if "S3DataSource" not in channel["DataSource"]:
            raise JobFailed(f"Channel {name}: the embedded AWS offers S3 as data source only; AWS offers more.")


def _enter(record: Record, status: str) -> None:
    record["SecondaryStatus"] = status
    transitions = record.setdefault("SecondaryStatusTransitions", [])
    moment = now()
    if transitions:
        transitions[-1]["EndTime"] = moment
    transitions.append({"Status": status, "StartTime": moment, "StatusMessage": f"{status} the training job"})


def _pack(folder: Path, target: Path) -> None:
    with tarfile.open(target, "w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, arcname=path.name)


def _reason(failure: Path, place: Workplace) -> str:
    """Return what the container wrote to its failure file, else the end of its log.

    The toolkit keeps the messages of Python's own exceptions only; those of a library's come from the log.
    """
    text = failure.read_text().strip() if failure.is_file() else ""
    if not text:
        return "\n".join(list(place.logs.tail)[-10:])
    raised = [line for line in place.logs.tail if EXCEPTION.match(line)]
    return text.replace(NO_MESSAGE, f'ErrorMessage "{raised[-1]}"') if raised else text
