"""Endpoints as AWS has them, and how one is taken away together with what was made for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from watchdog.aws import CONFIG, is_gone, tags_of
from watchdog.models import Endpoint


class Endpoints:
    """The calls about endpoints; what is gone already is no error anywhere."""

    def __init__(self) -> None:
        self._sagemaker: Any = boto3.client("sagemaker", config=CONFIG)

    def names(self) -> Iterator[tuple[str, str]]:
        """Yield name and ARN of every endpoint of the account and region."""
        for page in self._sagemaker.get_paginator("list_endpoints").paginate():
            for entry in page["Endpoints"]:
                yield entry["EndpointName"], entry["EndpointArn"]

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of an endpoint, a configuration or a model; none if it has gone."""
        try:
            return tags_of(self._sagemaker, arn)
        except ClientError as error:
            if is_gone(error):
                return {}
            raise

    def describe(self, name: str, arn: str, tags: Mapping[str, str]) -> Endpoint | None:
        """Return an endpoint; None if it has gone."""
        try:
            found = self._sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return Endpoint(
            name=name,
            arn=arn,
            status=found["EndpointStatus"],
            created=found["CreationTime"],
            # An endpoint that could not be made has lost it.
            config=found.get("EndpointConfigName", ""),
            tags=tags,
        )

    def models(self, config: str) -> set[str]:
        """Return the names of the models of a configuration; none if it has gone."""
        try:
            found = self._sagemaker.describe_endpoint_config(EndpointConfigName=config)
        except ClientError as error:
            if is_gone(error):
                return set()
            raise
        variants = [*found["ProductionVariants"], *found.get("ShadowProductionVariants", [])]
        return {variant["ModelName"] for variant in variants if "ModelName" in variant}

    def delete(self, endpoint: Endpoint, is_ours: Callable[[Mapping[str, str]], bool], kept: Iterable[Endpoint]) -> None:
        """Delete an endpoint, and its configuration and models where they are ours too and none of the `kept` uses them."""
        config, models = self._own_config(endpoint, is_ours, kept)
        self._remove(self._sagemaker.delete_endpoint, EndpointName=endpoint.name)
        if config:
            self._remove(self._sagemaker.delete_endpoint_config, EndpointConfigName=config)
        for model in sorted(models):
            self._remove(self._sagemaker.delete_model, ModelName=model)

    def _own_config(
        self, endpoint: Endpoint, is_ours: Callable[[Mapping[str, str]], bool], kept: Iterable[Endpoint]
    ) -> tuple[str, set[str]]:
        used = {other.config for other in kept if other.config}
        config = endpoint.config
        if not config or config in used or not is_ours(self.tags(_arn(endpoint, "endpoint-config", config))):
            return "", set()
        in_use = {
            model
            for other in used
            if is_ours(self.tags(_arn(endpoint, "endpoint-config", other)))
            for model in self.models(other)
        }
        models = self.models(config) - in_use
        return config, {model for model in models if is_ours(self.tags(_arn(endpoint, "model", model)))}

    def _remove(self, call: Callable[..., object], **name: str) -> None:
        try:
            call(**name)
        except ClientError as error:
            if not is_gone(error):
                raise


def _arn(endpoint: Endpoint, kind: str, name: str) -> str:
    """ARN beside the endpoint's; SageMaker lower-cases the names in them."""
    return f"{endpoint.arn.partition(':endpoint/')[0]}:{kind}/{name.lower()}"
