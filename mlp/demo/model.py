"""One model of the demo: its data put, a version trained and released where none that is valid serves, an answer."""

from dataclasses import dataclass, field
from typing import Any

from mlp import datasets
from mlp.datasets import DatasetVersion
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.paths import MODELS
from mlp.runs import prediction, registry, training
from mlp.runs.record import record_of
from mlp.runs.registry import Version

RELEASE_MINUTES = 10


@dataclass
class DemoModel:
    """A model on its way from raw data to an answer; `seconds` has the time of each step."""

    environment: PlatformEnvironment
    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    version: Version = field(init=False)
    answer: dict[str, Any] = field(init=False)

    def put_data(self) -> DatasetVersion:
        """Put the model's own data as a version of its dataset, unless the newest version is the very same."""
        definition = self.environment.settings.models[self.name].definition
        files = [MODELS / file for file in definition.data_files]
        with show.transfer(f"Put dataset {definition.dataset_name}", self.seconds, "put") as progress:
            return datasets.put(self.environment, definition.dataset_name, files, progress=progress).version

    def valid_version(self, dataset: DatasetVersion) -> Version | None:
        """Return the version that serves, if it was trained on `dataset` by the pipeline as it is now."""
        number = registry.served(self.environment, self.name)
        if number is None:
            return None
        version = registry.pick(self.environment, self.name, number)
        pipeline = self.environment.client("sagemaker").describe_pipeline(PipelineName=self.environment.model_name(self.name))
        same_data = record_of(self.environment, version).dataset == dataset.name
        return version if same_data and pipeline["LastModifiedTime"] <= version.created else None

    def train_and_release(self, dataset: DatasetVersion) -> None:
        """Train a version on `dataset`, approve it, and wait until it serves."""
        title = f"Train {self.name}: prepare, train, evaluate, check, register"
        with show.step(title, self.seconds, "train") as report:
            arn = training.start(self.environment, self.name, dataset=dataset.name)
            run = training.follow(self.environment, arn, lambda step: report(f"{step.name}: {step.status}"))
        self.seconds |= {f"train.{step.name}": round(step.seconds, 2) for step in run.steps}
        self.version = registry.pick(self.environment, self.name, run.version)
        with show.step(f"Approve {self.name} version {run.version} and release it", self.seconds, "release") as report:
            registry.release(self.environment, self.name, self.version, "approved by the demo", RELEASE_MINUTES, report)

    def ask(self) -> None:
        """Ask for the answer to the model's sample through the HTTP API."""
        with show.step(f"Ask {self.name} through the HTTP API", self.seconds, "predict"):
            sample = prediction.sample_of(self.environment, self.name)
            self.answer = prediction.predict(self.environment, self.name, [sample])

    def figures(self) -> dict[str, Any]:
        """Return what is worth keeping: metric, baseline, answer, seconds by step."""
        definition = self.environment.settings.models[self.name].definition
        rule = next((rule for rule in definition.gate if rule.baseline), definition.gate[0])
        metrics = record_of(self.environment, self.version).metrics
        return {
            "use_case": definition.use_case,
            "version": self.version.number,
            "metric": rule.metric,
            "value": metrics[rule.metric],
            "baseline": metrics[rule.baseline] if rule.baseline else None,
            "metrics": metrics,
            "endpoint": self.environment.model_name(self.name),
            "url": prediction.url_of(self.environment, self.name),
            "answer": self.answer,
            "seconds": self.seconds,
        }
