"""Datasets with versions: raw data that is put once, numbered, and never changed.

Versions of dataset `spam` lie under `s3://<data bucket>/datasets/spam/raw/version=<number>/`; a run of a pipeline names the one
that it reads. Works wherever a `Platform` does: on a workstation, and, for reading, in a notebook.
"""

from mlp.datasets.manifest import DatasetVersion
from mlp.datasets.versions import Put, of_model, pick, put, require_dataset, uri, versions

__all__ = ["DatasetVersion", "Put", "of_model", "pick", "put", "require_dataset", "uri", "versions"]
