"""Entry point: a schedule of EventBridge."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from watchdog.aws import Aws
from watchdog.endpoints import Endpoints
from watchdog.models import load_settings
from watchdog.run import Run

SETTINGS = load_settings(Path(__file__).parents[1] / "notebooks.json")
AWS = Aws(os.environ["ALERTS_TOPIC_ARN"])
ENDPOINTS = Endpoints()


class Incomplete(Exception):
    """Something could not be looked at; everything else was. Raised last, so that the function's alarm fires."""


def handler(_event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Look at every notebook and endpoint, and return the report that is also logged."""
    report = Run(AWS, ENDPOINTS, SETTINGS, datetime.now(UTC)).all()
    line = report.as_line()
    print(json.dumps(line))  # noqa: T201 - standard output is a function's log
    if report.failures:
        raise Incomplete("; ".join(report.failures))
    return line
