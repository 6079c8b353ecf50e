"""What a job or an endpoint writes, line by line, while it runs and afterwards."""

from typing import Any

from botocore.exceptions import ClientError

from mlp.in_notebook.platform import NotebookPlatform
from mlp.platform.aws import code_of, is_denied

JOBS, ENDPOINTS = "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/Endpoints"


class LogReader:
    """Reads on from where it last stopped; each of several servers has a stream of its own."""

    def __init__(self, platform: NotebookPlatform, group: str, prefix: str) -> None:
        """Read the streams of `group` whose names begin with `prefix`."""
        self._client, self._group, self._prefix = platform.client("logs"), group, prefix
        self._tokens: dict[str, str | None] = {}
        self.refused = False
        """Whether the notebook's role may not read the log."""

    def new_lines(self) -> list[str]:
        """Return what has been written since the last call; nothing where the log is not there yet, or may not be read."""
        if self.refused:
            return []
        try:
            for stream in self._streams():
                self._tokens.setdefault(stream, None)
            return [line for stream in sorted(self._tokens) for line in self._read(stream)]
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return []
            if not is_denied(error):
                raise
            self.refused = True
            return []

    def _streams(self) -> list[str]:
        named = {"logStreamNamePrefix": self._prefix} if self._prefix else {}
        pages = self._client.get_paginator("describe_log_streams").paginate(logGroupName=self._group, **named)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    def _read(self, stream: str) -> list[str]:
        lines: list[str] = []
        while True:
            token = self._tokens[stream]
            answer: dict[str, Any] = self._client.get_log_events(
                logGroupName=self._group, logStreamName=stream, startFromHead=True, **({"nextToken": token} if token else {})
            )
            lines += [f"{self._host(stream)}{event['message'].rstrip()}" for event in answer["events"]]
            self._tokens[stream] = answer["nextForwardToken"]
            # CloudWatch Logs returns the same token at the end of a stream.
            if answer["nextForwardToken"] == token:
                return lines

    def _host(self, stream: str) -> str:
        """Return which server speaks, where there are several."""
        return f"{stream.removeprefix(self._prefix).rpartition('-')[0]}: " if len(self._tokens) > 1 else ""
