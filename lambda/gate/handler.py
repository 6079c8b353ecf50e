"""Entry point: the Lambda steps `deployed` and `check-metrics` of every model's training pipeline."""

import json
from collections.abc import Mapping
from typing import Any

from gate import report
from gate.aws import Aws
from gate.models import CheckRequest, DeployedRequest, parse
from platform_contract.gate import decide
from platform_contract.layout import EVALUATION
from platform_contract.parameters import NO_VERSION

DEPLOYED_EVALUATION, DEPLOYED_FAILURE = f"deployed/{EVALUATION}", "deployed/failed.txt"
AWS = Aws()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Answer the step; an exception fails it with its text."""
    request = parse(event)
    answer = _deployed(request) if isinstance(request, DeployedRequest) else _check(request)
    print(json.dumps({"asked": dict(event), "answered": answer}))  # noqa: T201 - standard output is a function's log
    return answer


def _deployed(request: DeployedRequest) -> dict[str, str]:
    deployed = AWS.deployed(request)
    return {"version": deployed.version, "artifact": deployed.artifact}


def _check(request: CheckRequest) -> dict[str, str]:
    compared = request.deployed_version != NO_VERSION
    files = AWS.read(request.evaluation, EVALUATION, *((DEPLOYED_EVALUATION, DEPLOYED_FAILURE) if compared else ()))
    verdict = decide(
        files[EVALUATION], files.get(DEPLOYED_EVALUATION), files.get(DEPLOYED_FAILURE), request.deployed_version, request.rules
    )
    AWS.write_verdict(request.evaluation, report.document(verdict))
    return report.outputs(verdict)
