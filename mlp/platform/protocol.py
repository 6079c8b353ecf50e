"""What the client's functions ask of a platform, wherever they run: a workstation or a notebook."""

from typing import Any, Protocol


class Platform(Protocol):
    """Where things are, and clients for the AWS that they are in."""

    @property
    def embedded(self) -> object | None:
        """The embedded AWS, or None where the platform lives in an account."""
        ...

    @property
    def data_bucket(self) -> str:
        """Bucket that holds every dataset."""
        ...

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets that may be used from here."""
        ...

    def client(self, service: str) -> Any:
        """Return a client."""
        ...

    def require_model(self, model: str) -> None:
        """Raise MlpError unless the platform has `model`."""
        ...

    def pipeline_name(self, model: str) -> str:
        """Name of a model's training pipeline."""
        ...

    def dataset_of(self, model: str) -> str:
        """Name of the dataset that a model's pipeline reads."""
        ...

    def how_to_add_data(self, dataset: str) -> str:
        """Return the sentence that says how a version of `dataset` gets there."""
        ...
