"""Entry point: the Lambda steps `live` and `judge` of every model's training pipeline."""

import json
from collections.abc import Mapping
from typing import Any

from gate import report
from gate.aws import Aws
from gate.models import JudgeRequest, LiveRequest, parse
from platform_contract.gate import judge
from platform_contract.layout import EVALUATION
from platform_contract.parameters import NO_VERSION

LIVE_EVALUATION, LIVE_FAILURE = f"live/{EVALUATION}", "live/failed.txt"
AWS = Aws()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Answer the step; an exception fails it with its text."""
    request = parse(event)
    answer = _live(request) if isinstance(request, LiveRequest) else _judge(request)
    print(json.dumps({"asked": dict(event), "answered": answer}))  # noqa: T201 - standard output is a function's log
    return answer


def _live(request: LiveRequest) -> dict[str, str]:
    live = AWS.live(request)
    return {"version": live.version, "artifact": live.artifact}


def _judge(request: JudgeRequest) -> dict[str, str]:
    compared = request.live_version != NO_VERSION
    files = AWS.read(request.evaluation, EVALUATION, *((LIVE_EVALUATION, LIVE_FAILURE) if compared else ()))
    verdict = judge(files[EVALUATION], files.get(LIVE_EVALUATION), files.get(LIVE_FAILURE), request.live_version, request.rules)
    AWS.write_verdict(request.evaluation, report.document(verdict))
    return report.outputs(verdict)
