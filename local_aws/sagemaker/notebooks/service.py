"""Puts notebook instances together."""

from pathlib import Path
from typing import Any

from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker.notebooks.code_repositories import CodeRepositories
from local_aws.sagemaker.notebooks.instances import NotebookInstances
from local_aws.sagemaker.notebooks.lifecycle_configs import LifecycleConfigs
from local_aws.sagemaker.notebooks.presigned import Tickets
from local_aws.sagemaker.notebooks.runner import Runner
from local_aws.sagemaker.notebooks.states import States
from local_aws.sagemaker.store import Store


class Notebooks:
    """Notebook instances, lifecycle configurations and code repositories; `state` is the folder that keeps the volumes."""

    def __init__(self, store: Store, endpoint_url: str, state: Path, home: Caller) -> None:
        states = States(store)
        self._runner = Runner(store, states, endpoint_url, state / "notebooks", home)
        self.tickets = Tickets(endpoint_url, self._runner.address_of)
        configs, repositories = LifecycleConfigs(store), CodeRepositories(store)
        instances = NotebookInstances(store, configs, repositories, states, self._runner, self.tickets)
        self.parts: list[Any] = [configs, repositories, instances]

    def stop_all(self) -> None:
        """End every process of every instance; the volumes stay."""
        self._runner.stop_all()
