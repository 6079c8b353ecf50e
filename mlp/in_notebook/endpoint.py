"""An endpoint of a notebook's own: ask it, delete it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from mlp.in_notebook.logs import ENDPOINTS, LogReader
from mlp.in_notebook.output import write_line
from mlp.in_notebook.platform import NotebookPlatform
from mlp.in_notebook.refusals import in_words
from mlp.platform.aws import is_denied, message_of
from mlp.platform.errors import Failed, MlpError
from mlp.platform.waiting import polled
from platform_contract.tags import ENVIRONMENT_TAG, EXPIRES_TAG, NOTEBOOK_TAG

POLL_SECONDS = 0.5
POLL_SECONDS_AWS = 10
LAST_LINES = 20
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


class Endpoint:
    """A real-time endpoint that this notebook made; it is billed by the hour until it expires or is deleted."""

    def __init__(self, platform: NotebookPlatform, name: str, expires: str) -> None:
        self._platform, self.name = platform, name
        self.expires = expires
        """UTC time at which the platform deletes it, such as `2026-11-24T18:00:00Z`."""

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r}, expires {self.expires})"

    @property
    def status(self) -> str:
        """Creating, InService, Failed, Deleting ..., as AWS has it."""
        with in_words(self._platform):
            return str(self._describe()["EndpointStatus"])

    def predict(self, instances: Any) -> Any:
        """Return the model's answer to `instances`, a list of items or a pandas table.

        Raises
        ------
        Failed
            With what the model said instead.
        """
        items = instances.to_dict("records") if hasattr(instances, "to_dict") else instances
        body = json.dumps({"instances": items}).encode()
        with in_words(self._platform):
            answer = self._invoke(body)
        try:
            return json.loads(answer)
        except ValueError:
            raise Failed(f"{self.name} answered, but not with JSON: {answer[:200]!r}; see output_fn in serve.py") from None

    def _invoke(self, body: bytes) -> bytes:
        runtime = self._platform.client("sagemaker-runtime")
        kind = "application/json"
        try:
            answer = runtime.invoke_endpoint(EndpointName=self.name, ContentType=kind, Accept=kind, Body=body)
        except ClientError as error:
            if is_denied(error):
                raise
            raise Failed(f"{self.name} did not answer: {message_of(error)}") from None
        content: bytes = answer["Body"].read()
        return content

    def wait(self) -> Endpoint:
        """Wait until the endpoint answers, or until the cell is interrupted, and return it.

        Raises
        ------
        Failed
            If it could not be made, with the reason; the endpoint is deleted then.
        """
        pause = POLL_SECONDS if self._platform.embedded else POLL_SECONDS_AWS
        try:
            with in_words(self._platform):
                described = next(found for found in polled(self._describe, every=pause) if found["EndpointStatus"] not in BUSY)
        except KeyboardInterrupt:
            write_line(
                f"No longer waiting; {self.name} is still being made. Delete it once it is there: mlp.endpoints()[0].delete()"
            )
            return self
        if described["EndpointStatus"] != "InService":
            self._give_up()
            raise Failed(f"{self.name} could not be made: {described.get('FailureReason', described['EndpointStatus'])}")
        write_line(f"{self.name}: InService until {self.expires}; delete it sooner with .delete()")
        return self

    def logs(self) -> list[str]:
        """Return all lines that the endpoint's containers have written."""
        with in_words(self._platform):
            reader = LogReader(self._platform, f"{ENDPOINTS}/{self.name}", "")
            lines = reader.new_lines()
        if reader.refused:
            raise MlpError(f"The role of notebook {self._platform.notebook} may not read the log of {self.name}")
        return lines

    def _give_up(self) -> None:
        """Show why the containers did not come up, as far as that may be read, and delete everything."""
        for part in (self._show_last_lines, self.delete):
            try:
                part()
            except MlpError as error:
                write_line(str(error))

    def _show_last_lines(self) -> None:
        for line in self.logs()[-LAST_LINES:]:
            write_line(f"  {line}")

    def delete(self) -> None:
        """Delete endpoint, configuration and model; what is gone already is no error.

        Raises
        ------
        MlpError
            While it is being made: AWS deletes no endpoint in that state.
        """
        client = self._platform.client("sagemaker")
        with in_words(self._platform):
            try:
                if self._describe()["EndpointStatus"] in BUSY:
                    raise MlpError(
                        f"{self.name} is still being made or changed; AWS deletes it only afterwards: .wait(), .delete()"
                    )
                client.delete_endpoint(EndpointName=self.name)
            except ClientError as error:
                _unless_gone(error)
            remove(lambda: client.delete_endpoint_config(EndpointConfigName=self.name))
            remove(lambda: client.delete_model(ModelName=self.name))
        write_line(f"{self.name}: deleted")

    def _describe(self) -> dict[str, Any]:
        found: dict[str, Any] = self._platform.client("sagemaker").describe_endpoint(EndpointName=self.name)
        return found


def remove(call: Callable[[], object]) -> None:
    """Delete something; that it is gone already is no error."""
    try:
        call()
    except ClientError as error:
        _unless_gone(error)


def _unless_gone(error: ClientError) -> None:
    if "Could not find" not in message_of(error):
        raise error


def endpoints(platform: NotebookPlatform) -> list[Endpoint]:
    """Return this notebook's endpoints, the newest first, whatever tool made them."""
    client = platform.client("sagemaker")
    found = []
    with in_words(platform):
        pages = client.get_paginator("list_endpoints").paginate(SortBy="CreationTime", SortOrder="Descending")
        for summary in (entry for page in pages for entry in page["Endpoints"]):
            tags = _tags(client, summary["EndpointArn"])
            mine = (tags.get(NOTEBOOK_TAG), tags.get(ENVIRONMENT_TAG)) == (platform.notebook, platform.prefix)
            if mine and summary["EndpointStatus"] != "Deleting":
                found.append(Endpoint(platform, summary["EndpointName"], tags.get(EXPIRES_TAG, "never")))
    return found


def _tags(client: Any, arn: str) -> dict[str, str]:
    """Return an endpoint's tags; none where it belongs to others, whose tags this notebook's role may not read."""
    try:
        return {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=arn)["Tags"]}
    except ClientError as error:
        if is_denied(error) or "Could not find" in message_of(error):
            return {}
        raise
