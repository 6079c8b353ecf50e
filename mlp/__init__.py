"""The client of the platform, as the `mlp` command and as `import mlp`, on AWS and on the embedded AWS alike.

>>> import mlp
>>> run = mlp.train("spam")                                   # doctest: +SKIP
>>> mlp.approve("spam", run.version)                          # doctest: +SKIP
>>> mlp.predict("spam", [{"crl_tot": 1028, "dollar": 0.18}])  # doctest: +SKIP

In a notebook, where it needs nothing but the standard library and boto3:

>>> job = mlp.train(script="train.py", data=mlp.data("spam"))  # doctest: +SKIP
>>> endpoint = mlp.deploy(job)                                 # doctest: +SKIP
"""

from mlp.api import approve, predict, reject, status, train
from mlp.in_notebook import sdk
from mlp.in_notebook.api import data, deploy, download, endpoints, job, upload
from mlp.in_notebook.endpoint import Endpoint
from mlp.in_notebook.job import Job
from mlp.platform.errors import Failed, MlpError
from mlp.runs.training import Run

__all__ = [
    "Endpoint",
    "Failed",
    "Job",
    "MlpError",
    "Run",
    "approve",
    "data",
    "deploy",
    "download",
    "endpoints",
    "job",
    "predict",
    "reject",
    "sdk",
    "status",
    "train",
    "upload",
]
