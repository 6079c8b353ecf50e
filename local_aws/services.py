"""SageMaker and Application Auto Scaling: which parts carry out which operations."""

from pathlib import Path
from typing import Any

from local_aws.autoscaling import ApplicationAutoScaling
from local_aws.ministack_bridge.identity import Caller
from local_aws.sagemaker import tag_rules
from local_aws.sagemaker.endpoints.models import Models
from local_aws.sagemaker.endpoints.service import Endpoints
from local_aws.sagemaker.jobs.jobs import Jobs
from local_aws.sagemaker.jobs.processing import ProcessingJobs
from local_aws.sagemaker.jobs.training import TrainingJobs
from local_aws.sagemaker.notebooks.service import Notebooks
from local_aws.sagemaker.pipelines.service import Pipelines
from local_aws.sagemaker.registry.service import Registry
from local_aws.sagemaker.store import Store
from local_aws.sagemaker.tags import Tags
from local_aws.service import JsonService


class Services:
    """What is offered at `endpoint_url`; `state` is the folder of what outlives it, `home` where its notebooks are."""

    def __init__(self, endpoint_url: str, state: Path, home: Caller) -> None:
        self.store = Store()
        self.sagemaker = JsonService("sagemaker", tag_rules.check_request)
        self.scaling = JsonService("application-autoscaling")
        self.jobs: dict[str, Jobs] = {
            "Training": TrainingJobs(self.store, endpoint_url),
            "Processing": ProcessingJobs(self.store, endpoint_url),
        }
        models = Models(self.store)
        self.endpoints = Endpoints(self.store, models, endpoint_url)
        self.notebooks = Notebooks(self.store, endpoint_url, state, home)
        pipelines = Pipelines(self.store, self.sagemaker, self.jobs, endpoint_url)
        parts: list[Any] = [models, Registry(self.store), self.endpoints, pipelines, Tags(self.store)]
        for part in [*parts, *self.jobs.values(), *self.notebooks.parts]:
            self.sagemaker.offer(part.operations)
        self.scaling.offer(ApplicationAutoScaling(self.store, self.endpoints).operations)
