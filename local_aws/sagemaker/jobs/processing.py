"""Processing jobs: any command of the image, with inputs and outputs in S3."""

from pathlib import Path

from local_aws.containers import process
from local_aws.errors import invalid
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.jobs.jobs import JobFailed, Jobs, Workplace, check
from local_aws.sagemaker.store import Record

DEFAULT_LIMIT = 86400
PROCESSING = "/opt/ml/processing"


class ProcessingJobs(Jobs):
    """CreateProcessingJob and what belongs to it."""

    kind = "Processing"
    log_group = "/aws/sagemaker/ProcessingJobs"

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateProcessingJob."""
        for source in parameters.get("ProcessingInputs", []):
            _check_path(source["InputName"], source.get("S3Input", {}).get("LocalPath", PROCESSING))
        for target in parameters.get("ProcessingOutputConfig", {}).get("Outputs", []):
            _check_path(target["OutputName"], target.get("S3Output", {}).get("LocalPath", PROCESSING))
        return super().create(caller, parameters)

    def _image(self, record: Record) -> str:
        return str(record["AppSpecification"]["ImageUri"])

    def _work(self, record: Record, place: Workplace) -> None:
        instances = record["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
        if instances > 1:
            raise JobFailed(f"The embedded AWS processes on one instance, not {instances}; AWS on as many as asked for.")
        for source in record.get("ProcessingInputs", []):
            if "S3Input" not in source:
                raise JobFailed(f"Input {source['InputName']}: the embedded AWS offers S3 inputs only; AWS offers more.")
            folder = _local(source["S3Input"]["LocalPath"], place)
            folder.mkdir(parents=True, exist_ok=True)
            place.storage.download(source["S3Input"]["S3Uri"], folder)
        outputs = record.get("ProcessingOutputConfig", {})
        for target in outputs.get("Outputs", []):
            _local(target["S3Output"]["LocalPath"], place).mkdir(parents=True, exist_ok=True)
        (place.folder / "output").mkdir()
        self._execute(record, place)
        for target in outputs.get("Outputs", []):
            spec = target["S3Output"]
            place.storage.upload_folder(_local(spec["LocalPath"], place), spec["S3Uri"], outputs.get("KmsKeyId"))

    def _execute(self, record: Record, place: Workplace) -> None:
        application = record["AppSpecification"]
        words = [*application.get("ContainerEntrypoint", []), *application.get("ContainerArguments", [])]
        limit = record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_LIMIT)
        environment = {key: process.rooted(value, place.folder) for key, value in record.get("Environment", {}).items()}
        contract = {"PROCESSING_JOB_NAME": record["ProcessingJobName"], "AWS_ENDPOINT_URL": self._endpoint_url}
        outcome = process.run(
            [process.rooted(word, place.folder) for word in words],
            process.environment(place.folder, environment, contract, place.credentials.as_environment()),
            place.folder,
            place.logs.write,
            seconds=limit,
            stop=place.stop,
        )
        message = place.folder / "output/message"
        if message.is_file():
            record["ExitMessage"] = message.read_text()[:1024]
        check(outcome, lambda: f"AlgorithmError: {_last_words(place)}, exit code: {outcome.exit_code}", limit)


def _check_path(name: str, path: str) -> None:
    if not path.startswith(f"{PROCESSING}"):
        raise invalid(f"LocalPath of {name} must begin with {PROCESSING}, got {path}")


def _local(path: str, place: Workplace) -> Path:
    return Path(process.rooted(path, place.folder))


def _last_words(place: Workplace) -> str:
    """Return the last line of output: a script's own message, or the end of its traceback."""
    lines = [line for line in place.logs.tail if line.strip()]
    return lines[-1] if lines else "the container wrote nothing"
