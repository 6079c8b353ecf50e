"""Processing jobs: any command of the image, with inputs and outputs in S3."""

import json

from local_aws.containers.container import Container
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.jobs import processing_rules
from local_aws.sagemaker.jobs.jobs import Jobs, Workplace, check
from local_aws.sagemaker.store import Record

DEFAULT_LIMIT = 86400
TOLD = (
    *("ProcessingJobArn", "ProcessingJobName", "AppSpecification", "Environment", "ProcessingInputs", "ProcessingOutputConfig"),
    *("ProcessingResources", "RoleArn", "StoppingCondition"),
)
"""What a container may read of its job."""


class ProcessingJobs(Jobs):
    """CreateProcessingJob and what belongs to it."""

    kind = "Processing"
    log_group = "/aws/sagemaker/ProcessingJobs"

    def create(self, caller: Caller, parameters: Record) -> Record:
        """CreateProcessingJob."""
        processing_rules.check(parameters)
        return super().create(caller, parameters)

    def _image(self, record: Record) -> str:
        return str(record["AppSpecification"]["ImageUri"])

    def _work(self, record: Record, place: Workplace) -> None:
        container = self._container(record, place)
        for source in record.get("ProcessingInputs", []):
            folder = container.place(source["S3Input"]["LocalPath"])
            folder.mkdir(parents=True, exist_ok=True)
            place.storage.download(source["S3Input"]["S3Uri"], folder)
        outputs = record.get("ProcessingOutputConfig", {})
        for target in outputs.get("Outputs", []):
            container.place(target["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        _describe(record, container)
        self._execute(record, place, container)
        for target in outputs.get("Outputs", []):
            spec = target["S3Output"]
            place.storage.upload_folder(container.place(spec["LocalPath"]), spec["S3Uri"], outputs.get("KmsKeyId"))

    def _container(self, record: Record, place: Workplace) -> Container:
        isolated = record.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
        contract = {"PROCESSING_JOB_NAME": record["ProcessingJobName"], "PROCESSING_JOB_ARN": record["ProcessingJobArn"]}
        return Container(
            place.environment,
            place.folder / "algo-1",
            {**record.get("Environment", {}), **contract, **self._reaches(place, isolated=isolated)},
            isolated=isolated,
        )

    def _execute(self, record: Record, place: Workplace, container: Container) -> None:
        application = record["AppSpecification"]
        words = [*application.get("ContainerEntrypoint", []), *application.get("ContainerArguments", [])]
        limit = record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_LIMIT)
        outcome = container.run(words, place.logs.write, seconds=limit, stop=place.stop)
        message = container.ml / "output/message"
        if message.is_file():
            record["ExitMessage"] = message.read_text()[:1024]
        check(outcome, lambda: f"AlgorithmError: {_last_words(place)}, exit code: {outcome.exit_code}", limit)


def _describe(record: Record, container: Container) -> None:
    """Write the files from which a container learns of its job.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
    """
    (container.ml / "output").mkdir(exist_ok=True)
    config = container.ml / "config"
    config.mkdir()
    facts = {key: record[key] for key in TOLD if key in record}
    (config / "processingjobconfig.json").write_text(json.dumps(facts))
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))


def _last_words(place: Workplace) -> str:
    """Return the last line of output: a script's own message, or the end of its traceback."""
    lines = [line for line in place.logs.tail if line.strip()]
    return lines[-1] if lines else "the container wrote nothing"
