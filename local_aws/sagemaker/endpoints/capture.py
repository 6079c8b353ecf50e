"""Data capture: copies of requests and answers in S3, written under the model's execution role.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import json
import logging
import queue
import random
import threading
import uuid
from typing import Any

from local_aws.errors import ServiceError
from local_aws.s3_transfer import RoleStorage, TransferError
from local_aws.sagemaker.store import Record, now

ENCODINGS = {"JSON": "JsonContentTypes", "CSV": "CsvContentTypes"}
log = logging.getLogger(__name__)


class Capture:
    """Samples invocations and writes them in the background."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[RoleStorage, str, bytes, str | None]] = queue.Queue()
        threading.Thread(target=self._write_all, daemon=True).start()

    def record(
        self,
        endpoint: Record,
        config: Record,
        variant: str,
        headers: dict[str, str],
        body: bytes,
        answer_type: str,
        answer: bytes,
    ) -> None:
        """Keep one invocation, if the configuration says so and the dice agree."""
        capture = config.get("DataCaptureConfig") or {}
        sampled = random.random() * 100 < capture.get("InitialSamplingPercentage", 0)  # noqa: S311
        if not capture.get("EnableCapture") or not sampled:
            return
        modes = {option["CaptureMode"] for option in capture["CaptureOptions"]}
        headings = capture.get("CaptureContentTypeHeader", {})
        data = {}
        if modes & {"Input", "InputAndOutput"}:
            data["endpointInput"] = _part("INPUT", headers.get("content-type", ""), body, headings)
        if modes & {"Output", "InputAndOutput"}:
            data["endpointOutput"] = _part("OUTPUT", answer_type, answer, headings)
        moment = now()
        metadata = {"eventId": str(uuid.uuid4()), "inferenceTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
        if "x-amzn-sagemaker-inference-id" in headers:
            metadata["inferenceId"] = headers["x-amzn-sagemaker-inference-id"]
        line = json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}) + "\n"
        base = capture["DestinationS3Uri"].rstrip("/")
        folder = moment.strftime("%Y/%m/%d/%H")
        uri = f"{base}/{endpoint['EndpointName']}/{variant}/{folder}/{moment:%M-%S-%f}-{uuid.uuid4()}.jsonl"
        self._waiting.put((endpoint["capture_storage"], uri, line.encode(), capture.get("KmsKeyId")))

    def _write_all(self) -> None:
        while True:
            storage, uri, content, key = self._waiting.get()
            try:
                storage.write(content, uri, key)
            except (TransferError, ServiceError) as error:
                log.warning("capture to %s failed: %s", uri, error)


def _part(mode: str, content_type: str, content: bytes, headings: Record) -> dict[str, Any]:
    """Return a captured request or answer: as text where its type is among those named as JSON or CSV, else in base 64."""
    kind = content_type.partition(";")[0].strip()
    encoding = next((name for name, types in ENCODINGS.items() if kind in headings.get(types, [])), "BASE64")
    text = base64.b64encode(content).decode() if encoding == "BASE64" else content.decode("utf-8", "replace")
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
