"""What a training has left to deploy: of an own job, or of a run of the platform's pipeline."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from mlp.in_notebook import names
from mlp.in_notebook.job import Job
from mlp.in_notebook.platform import NotebookPlatform
from mlp.platform.aws import is_denied
from mlp.platform.errors import MlpError
from mlp.runs.training import Run
from platform_contract import layout
from platform_contract.serving import ENVIRONMENT as SERVING_ENVIRONMENT


@dataclass(frozen=True)
class Trained:
    """What training has left: the artifact, the image that serves it, and what its container is told."""

    stem: str
    artifact: str
    image: str
    environment: dict[str, str]


def trained_by(platform: NotebookPlatform, what: Job | Run | str) -> Trained:
    """Return what `what`, a job (or its name) or a run, has left.

    Raises
    ------
    MlpError
        If it is none of these, or has no model.
    """
    if isinstance(what, Run):
        return _of_run(platform, what)
    if not isinstance(what, Job | str) or not what:
        raise MlpError(f"got {what!r}; give what mlp.train returned, or a job's name")
    job = Job.existing(platform, what) if isinstance(what, str) else what
    artifact = job.artifact
    if artifact is None:
        raise MlpError(f"{job.name} has no model: it is {job.status}. Deploy a job that is Completed; job.wait() waits for that")
    return Trained(names.stem_of(platform, job.name), artifact, job.image, SERVING_ENVIRONMENT)


def _of_run(platform: NotebookPlatform, run: Run) -> Trained:
    pipeline = run.arn.split("/")[1]
    model = next((model for model, name in platform.models.items() if name == pipeline), None)
    if model is None:
        allowed = ", ".join(platform.models) or "no model"
        raise MlpError(f"Notebook {platform.notebook} may not use {pipeline}; it may use {allowed}")
    version = f"{run.arn.partition(':pipeline/')[0]}:model-package/{pipeline}/{run.version}"
    environment = {**SERVING_ENVIRONMENT, "MODEL_PACKAGE_ARN": version}
    return Trained(model, _artifact(platform, model, run), _image(platform, version), environment)


def _artifact(platform: NotebookPlatform, model: str, run: Run) -> str:
    """Return the run's artifact, which lies in a folder that is called as the execution."""
    bucket, prefix = platform.artifacts_bucket, f"{layout.results(model, 'model')}{run.arn.rpartition('/')[2]}/"
    pages = platform.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for entry in (entry for page in pages for entry in page.get("Contents", [])):
        if entry["Key"].endswith("/model.tar.gz"):
            return f"s3://{bucket}/{entry['Key']}"
    raise MlpError(f"The run has left no artifact under s3://{bucket}/{prefix}")


def _image(platform: NotebookPlatform, version: str) -> str:
    """Return the image of a registered version; the platform's only one where the notebook's role may not look there."""
    try:
        package = platform.client("sagemaker").describe_model_package(ModelPackageName=version)
    except ClientError as error:
        if not is_denied(error) or len(platform.images) != 1:
            raise
        return next(iter(platform.images.values()))
    return str(package["InferenceSpecification"]["Containers"][0]["Image"])
