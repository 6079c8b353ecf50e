"""The platform as a notebook knows it: one small file that the lifecycle script has written beside the client."""

import json
import os
from dataclasses import MISSING, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3

from mlp.platform.aws import CLIENT
from mlp.platform.errors import MlpError
from platform_contract import layout

FILE = Path(__file__).resolve().parents[3] / "platform.json"
"""`<folder>/platform.json` for a client in `<folder>/client/mlp/`."""


@dataclass(frozen=True)
class NotebookPlatform:
    """What a notebook may use, by the names that platform.json has for it."""

    environment: str
    prefix: str
    """First part of every name, such as `mlp-dev`."""
    notebook: str
    region: str
    data_bucket: str
    artifacts_bucket: str
    key_arn: str
    job_role_arn: str
    """Role of this notebook's training jobs and endpoints."""
    images: dict[str, str]
    """Image URI by framework."""
    subnets: list[str]
    security_groups: list[str]
    """Network of jobs and endpoints; empty lists: SageMaker's own."""
    models: dict[str, str]
    """Pipeline by model."""
    endpoint_hours: float
    """How long an endpoint lives unless `hours` says otherwise."""
    other_datasets: dict[str, str] = field(default_factory=dict)
    """Dataset by model, of the models whose dataset is not called as they are."""

    @property
    def embedded(self) -> str | None:
        """URL of the embedded AWS, which gives it to its notebooks in AWS_ENDPOINT_URL; None on AWS."""
        return os.environ.get("AWS_ENDPOINT_URL")

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(region_name=self.region)

    def client(self, service: str) -> Any:
        """Return a client under the notebook's own role."""
        return self._session.client(service, config=CLIENT)

    @property
    def own_prefix(self) -> str:
        """Where in the artifacts bucket this notebook reads and writes."""
        return layout.notebook(self.notebook)

    def own_uri(self, *parts: str) -> str:
        """Return the URI of a place of this notebook's own."""
        return f"s3://{self.artifacts_bucket}/{self.own_prefix}{'/'.join(parts)}"

    def require_model(self, model: str) -> None:
        """Raise MlpError unless the notebook may use `model`."""
        if model not in self.models:
            known = ", ".join(self.models) or "none"
            raise MlpError(f"Notebook {self.notebook} has no model {model!r}; models it may use: {known}")

    def pipeline_name(self, model: str) -> str:
        """Name of a model's training pipeline."""
        self.require_model(model)
        return self.models[model]

    @property
    def datasets(self) -> list[str]:
        """Datasets of the models that the notebook may use."""
        return sorted({self.dataset_of(model) for model in self.models})

    def dataset_of(self, model: str) -> str:
        """Name of the dataset that a model's pipeline reads."""
        self.require_model(model)
        return self.other_datasets.get(model, model)

    def how_to_add_data(self, dataset: str) -> str:
        """Return the sentence that says how a version of `dataset` gets there."""
        return f"Raw data comes from outside of notebooks; ask the people who run {self.prefix} for: mlp data put {dataset} FILE"

    @property
    def network(self) -> dict[str, Any]:
        """VpcConfig of jobs and models, where the platform has a network of its own."""
        if not self.subnets:
            return {}
        return {"VpcConfig": {"Subnets": self.subnets, "SecurityGroupIds": self.security_groups}}


def here() -> NotebookPlatform | None:
    """Return this notebook's platform; None outside of notebooks."""
    try:
        content = json.loads(FILE.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MlpError(
            f"{FILE} is not JSON ({error}); stop and start the notebook, its lifecycle script writes it anew"
        ) from None
    wanted = {entry.name: entry.default_factory is MISSING for entry in fields(NotebookPlatform)}
    missing = [name for name, needed in wanted.items() if needed and name not in content]
    if missing:
        raise MlpError(f"{FILE} lacks {', '.join(missing)}; stop and start the notebook, its lifecycle script writes it anew")
    return NotebookPlatform(**{name: content[name] for name in wanted if name in content})


def required(function: str) -> NotebookPlatform:
    """Return this notebook's platform.

    Raises
    ------
    MlpError
        Outside of notebooks.
    """
    found = here()
    if found is None:
        raise MlpError(
            f"{function} works in the platform's notebooks only: it needs a notebook's role and its platform.json. "
            "Open one with: mlp notebook open NAME"
        )
    return found
