"""A notebook's surroundings for the unchanged SageMaker Python SDK: credentials of its role, the defaults file, nothing else.

Run by an interpreter of its own: make test-sdk. The project's has no SDK, and leaves this folder out.
"""

import importlib.util
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sagemaker.core.resources import TrainingJob

if importlib.util.find_spec("sagemaker") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from deployed import REGION, ROOT, Deployed
    from in_notebook import Notebook, deployed_notebook

    @pytest.fixture(scope="session", autouse=True)
    def asked_outside() -> Iterator[list[str]]:
        """Hosts that anything here asked for, beyond this machine; they are not reached."""
        found: list[str] = []
        resolve = socket.getaddrinfo

        def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
            if host not in ("127.0.0.1", "localhost"):
                found.append(str(host))
                raise socket.gaierror(f"{host} is outside of this machine")
            return resolve(host, *arguments, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", guarded)
            yield found

    @pytest.fixture(scope="session")
    def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
        """The platform, with raw data of the sample model."""
        platform = Deployed(tmp_path_factory.mktemp("state"))
        try:
            platform.start()
            platform.client("s3").upload_file(
                str(ROOT / "models/spam/data/spam7.csv"), platform.data, "datasets/spam/raw/spam7.csv"
            )
            yield platform
        finally:
            platform.stop()

    @pytest.fixture(scope="session")
    def notebook(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
        """A notebook, in whose place this process is from now on."""
        found, folder = deployed_notebook(deployed), tmp_path_factory.mktemp("home")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in _environment(deployed, found, folder).items():
                patch.setenv(name, value)
            yield found

    @pytest.fixture(scope="session")
    def person(notebook: Notebook) -> ModuleType:
        """The person at the notebook."""
        import person

        return person

    @pytest.fixture(scope="session")
    def trained(deployed: Deployed, notebook: Notebook, person: ModuleType) -> "TrainingJob":
        """A training job that the SDK has followed to its end."""
        trainer = person.model_trainer(**notebook.trainer())
        trainer.train(input_data_config=[person.channel(deployed.data)])
        return trainer._latest_training_job


def _environment(deployed: "Deployed", notebook: "Notebook", folder: Path) -> dict[str, str]:
    credentials = deployed.client("sts").assume_role(RoleArn=notebook.role_arn, RoleSessionName="SageMaker")["Credentials"]
    users = folder / "user.yaml"
    users.touch()
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": deployed.url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(notebook.defaults),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(users),
    }
