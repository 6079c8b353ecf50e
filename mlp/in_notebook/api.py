"""What `import mlp` offers in a notebook only."""

from pathlib import Path

from mlp import datasets
from mlp.in_notebook import deploy as deployment
from mlp.in_notebook import endpoint as endpoint_functions
from mlp.in_notebook import storage
from mlp.in_notebook.endpoint import Endpoint
from mlp.in_notebook.job import Job
from mlp.in_notebook.platform import required
from mlp.in_notebook.refusals import in_words
from mlp.runs.training import Run


def deploy(
    what: Job | Run | str,
    *,
    instance_type: str = "ml.m5.large",
    instance_count: int = 1,
    hours: float | None = None,
    serve: str | Path = "serve.py",
    wait: bool = True,
) -> Endpoint:
    """Put what `train` returned (or a job's name) behind an endpoint of this notebook's own.

    The platform deletes the endpoint after `hours` (default: what the platform's configuration says). Where the artifact
    brings no serving code, the file `serve` becomes it.

    Raises
    ------
    MlpError
        If something is not as it must be; Failed, its subclass, if the endpoint did not come up. Nothing is left behind.
    """
    return deployment.deploy(
        required("mlp.deploy"),
        what,
        instance_type=instance_type,
        instance_count=instance_count,
        hours=hours,
        serve=serve,
        wait=wait,
    )


def job(name: str) -> Job:
    """Return a training job of this notebook by its name."""
    return Job.existing(required("mlp.job"), name)


def endpoints() -> list[Endpoint]:
    """Return this notebook's endpoints, the newest first."""
    return endpoint_functions.endpoints(required("mlp.endpoints"))


def data(model: str, dataset: str | None = None) -> str:
    """Return the S3 URI of a version of a model's dataset, such as `spam@2`. Default: the newest."""
    platform = required("mlp.data")
    platform.require_model(model)
    with in_words(platform):
        return datasets.uri(platform, datasets.of_model(platform, model, dataset))


def download(uri: str, folder: str | Path = ".") -> list[Path]:
    """Copy the object or the folder that an S3 URI names into a local folder; return the files."""
    platform = required("mlp.download")
    with in_words(platform):
        return storage.download(platform, uri, Path(folder))


def upload(place: str | Path, name: str) -> str:
    """Copy a file or a folder to `data/<name>/` of this notebook's own place in S3; return its URI, for `data=`."""
    platform = required("mlp.upload")
    with in_words(platform):
        return storage.put(platform, Path(place), name)
