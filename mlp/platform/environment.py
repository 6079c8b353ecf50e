"""Which AWS a command talks to: an account, or the embedded AWS that `mlp up` started for that environment."""

import json
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import psutil
from botocore.exceptions import ClientError

from mlp.platform.aws import CLIENT
from mlp.platform.errors import MlpError
from mlp.platform.loopback import never_through_a_proxy
from mlp.platform.paths import config_dir, state_dir
from platform_contract.names import PlatformNames
from settings import Settings, SettingsError, load_settings

MARKER = "LOCAL_AWS_INSTANCE"
"""Environment variable that every process of one embedded AWS carries."""
ROOT_KEY = "test"
"""Root credentials of the embedded AWS, which listens on the loopback interface only."""


@dataclass(frozen=True)
class Embedded:
    """A running embedded AWS."""

    environment: str
    port: int
    pid: int
    instance: str
    clock: float = 1.0
    """How many times as fast as real time prescribed waits pass."""

    @property
    def url(self) -> str:
        """Endpoint of every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return psutil.pid_exists(self.pid) and carries(psutil.Process(self.pid), self.instance)

    def save(self) -> None:
        """Write it down for the next command."""
        _state_file().write_text(json.dumps(asdict(self)))


def carries(process: psutil.Process, instance: str) -> bool:
    """Return whether `process` belongs to the embedded AWS `instance`; a process id may have been given to another."""
    try:
        return bool(process.environ().get(MARKER) == instance)
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError):
        return False


def embedded_for(environment: str | None = None) -> Embedded | None:
    """Return the embedded AWS that runs (for `environment`, where one is named)."""
    found = remembered_embedded()
    return found if found and found.alive and environment in (None, found.environment) else None


def remembered_embedded() -> Embedded | None:
    """Return the embedded AWS that was started last and not stopped, whether or not it still runs."""
    try:
        return Embedded(**json.loads(_state_file().read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def forget_embedded() -> None:
    """Remove the note of the embedded AWS."""
    _state_file().unlink(missing_ok=True)


def _state_file() -> Path:
    return state_dir() / "aws.json"


class PlatformEnvironment:
    """One environment of the platform: its settings, and clients for the AWS that it lives in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.embedded = embedded_for(name)
        if self.embedded is not None:
            never_through_a_proxy()
        if self.embedded is None and name == "local":
            raise MlpError("The embedded AWS is not running. Start it with: make up (or make demo)")

    @cached_property
    def settings(self) -> Settings:
        """The environment's configuration."""
        return settings_of(self.name)

    @cached_property
    def session(self) -> boto3.Session:
        """Session with the environment's credentials and region."""
        region = self.settings.platform.region
        if self.embedded is None:
            return boto3.Session(region_name=region)
        return embedded_session(region or "us-east-1")

    def client(self, service: str) -> Any:
        """Return a client."""
        url = self.embedded.url if self.embedded else None
        return self.session.client(service, endpoint_url=url, config=CLIENT)

    def require_model(self, model: str) -> None:
        """Raise MlpError unless the environment has `model`."""
        if model not in self.settings.models:
            known = ", ".join(self.settings.models) or "none"
            raise MlpError(f"There is no model {model!r} in environment {self.name}; models there: {known}")

    @property
    def data_bucket(self) -> str:
        """Bucket that holds every dataset."""
        return self.outputs("Foundation")["DataBucket"]

    @property
    def datasets(self) -> list[str]:
        """Datasets that a model of the environment reads, or that its configuration declares."""
        return sorted({*map(self.dataset_of, self.settings.models), *self.settings.datasets})

    def dataset_of(self, model: str) -> str:
        """Name of the dataset that a model's pipeline reads."""
        self.require_model(model)
        return self.settings.models[model].definition.dataset_name

    def pipeline_name(self, model: str) -> str:
        """Name of a model's training pipeline."""
        return self.outputs("Training", model)["PipelineName"]

    def how_to_add_data(self, dataset: str) -> str:
        """Return the sentence that says how a version of `dataset` gets there."""
        for model in self.settings.models.values():
            if model.definition.dataset_name == dataset:
                files = " ".join(f"models/{file}" for file in model.definition.data_files)
                return f"Put one with: mlp data put {dataset} {files}"
        return f"Put one with: mlp data put {dataset} FILE_OR_FOLDER"

    def stack_name(self, concern: str, model: str | None = None) -> str:
        """Name of a stack."""
        return self.names.stack(concern, model)

    def model_name(self, model: str) -> str:
        """Name of a model's pipeline, model package group and endpoint."""
        return self.names.model(model)

    @property
    def names(self) -> PlatformNames:
        """Names of what the environment has."""
        return PlatformNames(self.settings.prefix)

    def stack(self, concern: str, model: str | None = None) -> dict[str, Any]:
        """Return what CloudFormation says of a stack.

        Raises
        ------
        MlpError
            If it is not deployed.
        """
        name = self.stack_name(concern, model)
        try:
            found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            raise MlpError(f"Stack {name} is not deployed. Deploy it with: make deploy ENV={self.name}") from None
        return found

    def outputs(self, concern: str, model: str | None = None) -> dict[str, str]:
        """Return a stack's outputs."""
        entries = self.stack(concern, model).get("Outputs", [])
        return {entry["OutputKey"]: entry["OutputValue"] for entry in entries}


def embedded_session(region: str) -> boto3.Session:
    """Return a session with the credentials of the embedded AWS's root."""
    # A profile of the caller's shell means an account of his; it need not even exist on this machine.
    core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    return boto3.Session(ROOT_KEY, ROOT_KEY, region_name=region, botocore_session=core)


def embedded_variables(embedded: Embedded, region: str) -> dict[str, str]:
    """Return an environment in which every AWS tool talks to the embedded AWS, and to nothing else.

    Whatever the caller's shell says of AWS (profile, session token, endpoints) is left out, and so are his configuration files.
    """
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_ENDPOINT_URL": embedded.url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # CDK's own template check only warns, and takes longer than the rest of the synthesis; `make check` lints the templates.
        "CDK_VALIDATION": "false",
    }


def settings_of(name: str) -> Settings:
    """Return the configuration of the environment `name`.

    Raises
    ------
    MlpError
        Listing every problem.
    """
    path = config_dir() / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in config_dir().glob("*.yaml")))
        raise MlpError(f"There is no environment {name!r} ({path} does not exist); environments: {known}")
    try:
        return load_settings(path)
    except SettingsError as error:
        raise MlpError(str(error)) from None
