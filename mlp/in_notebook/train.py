"""mlp.train in a notebook: the platform's own pipeline, or own code as a training job."""

from collections.abc import Mapping
from pathlib import Path

from mlp.in_notebook import channels, names, source, storage
from mlp.in_notebook.channels import Data
from mlp.in_notebook.job import Job
from mlp.in_notebook.job_request import Resources, TrainingJob, Value, hyperparameters
from mlp.in_notebook.output import write_line
from mlp.in_notebook.platform import NotebookPlatform
from mlp.in_notebook.refusals import in_words
from mlp.platform.errors import MlpError
from mlp.runs import training
from mlp.runs.training import Run, Step


def run_pipeline(platform: NotebookPlatform, model: str, data: object, dataset: str | None = None) -> Run:
    """Run the platform's pipeline of `model` on a version of its dataset (default: the newest) and follow it.

    Raises
    ------
    MlpError
        If the notebook may not use the model, or there is no such version; Failed, its subclass, if the run failed.
    """
    platform.require_model(model)
    if data is not None:
        raise MlpError(f"data: the pipeline of {model} trains on the platform's raw data. {_how(platform, model)}")
    with in_words(platform):
        arn = training.start(platform, model, dataset=dataset)
        write_line(f"run {arn.rpartition('/')[2]} of {platform.models[model]}")
        run = training.follow(platform, arn, _tell)
    write_line(
        f"version {run.version}, of {run.dataset}, waits for approval, outside of notebooks: mlp approve {model} {run.version}"
    )
    return run


def _how(platform: NotebookPlatform, model: str) -> str:
    return platform.how_to_add_data(platform.dataset_of(model))


def _tell(step: Step) -> None:
    if step.status in ("Starting", "Executing"):
        write_line(f"  {step.name} ...")
    else:
        write_line(f"  {step.name}: {step.status}, {step.seconds:.1f} s{f' ({step.detail})' if step.detail else ''}")


def run_script(
    platform: NotebookPlatform,
    script: str | Path,
    data: Data,
    *,
    source_dir: str | Path | None,
    given: Mapping[str, Value] | None,
    resources: Resources,
    name: str | None,
    wait: bool,
) -> Job:
    """Train with `script` on servers of its own, which end with the job.

    Everything is checked before anything is sent.
    """
    with in_words(platform):
        resources.check(platform)
        parameters = hyperparameters(given)
        code = source.read(script, source_dir, internet=resources.internet)
        places = channels.read(platform, data)
        job = names.new_name(platform, name or Path(script).stem)
        request = TrainingJob(
            job,
            code.program,
            _send(platform, code),
            {place.name: channels.uploaded(platform, place) for place in places},
            parameters,
            resources,
        ).request(platform)
        platform.client("sagemaker").create_training_job(**request)
    started = Job(platform, job)
    write_line(f"{job}: {resources.instance_count} x {resources.instance_type}, at most {resources.max_minutes:g} minutes")
    return started.wait() if wait else started


def _send(platform: NotebookPlatform, code: source.Source) -> str:
    uri = platform.own_uri("code", code.file_name)
    bucket, key = storage.split_uri(uri)
    platform.client("s3").put_object(Bucket=bucket, Key=key, Body=code.content)
    return uri
