"""Entry point: messages of the promotion queue."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platform_contract.promotion import PromotedModel
from promote.aws import Aws, Busy
from promote.logic import Action, decide, version_of
from promote.models import Approval, load_models, parse_approval

RETRY_SECONDS = int(os.environ["RETRY_SECONDS"])
MODELS = load_models(Path(__file__).parents[1] / "models.json")
AWS = Aws(os.environ["ROLE_ARN_PREFIX"], os.environ["ALERTS_TOPIC_ARN"])


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Look at each message; those whose matter is not settled go back to the queue."""
    unsettled = [record for record in event["Records"] if not _settled(record)]
    for record in unsettled:
        AWS.look_again(record["eventSourceARN"], record["receiptHandle"], RETRY_SECONDS)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in unsettled]}


def _settled(record: Mapping[str, Any]) -> bool:
    approval = parse_approval(record["body"])
    model = MODELS[approval.group_name]
    decision = decide(approval, AWS.approved_versions(model), AWS.stack_state(model, approval))
    _log(approval, decision.action, decision.package_arn)
    match decision.action:
        case Action.WAIT:
            return False
        case Action.UPDATE:
            return _start(model, decision.package_arn, approval)
        case Action.VERIFY:
            _verify(model, decision.package_arn)
        case Action.REPORT_FAILURE:
            _tell_failure(model, approval, decision.package_arn)
        case Action.REPORT_REJECTED:
            _tell_rejected(model, decision.package_arn)
        case Action.NOTHING:
            pass
    return True


def _start(model: PromotedModel, package_arn: str, approval: Approval) -> bool:
    try:
        AWS.update(model, package_arn, approval.token)
    except Busy as busy:
        print(json.dumps({"model": model.name, "busy": str(busy)}))  # noqa: T201
    return False


def _verify(model: PromotedModel, package_arn: str) -> None:
    problem = AWS.problem_with(model)
    version = version_of(package_arn)
    if problem is None:
        AWS.notify(f"{model.name} version {version} is live", f"{package_arn} serves on {model.endpoint_name}.")
        return
    AWS.notify(
        f"{model.name} version {version} was released, but does not work",
        f"{package_arn} on {model.endpoint_name}: {problem}. To go back: mlp reject {model.name} {version}, then approve an "
        "earlier version again.",
    )


def _tell_failure(model: PromotedModel, approval: Approval, served: str) -> None:
    AWS.notify(
        f"{model.name}: a release was rolled back",
        f"{approval.package_arn} was approved, but CloudFormation rolled its release back; {served} is still served. The events "
        f"of stack {model.stack_name} say why. Approve it again to try once more.",
    )


def _tell_rejected(model: PromotedModel, package_arn: str) -> None:
    AWS.notify(
        f"{model.name}: the version that serves was rejected",
        f"{package_arn} was rejected and still serves on {model.endpoint_name}. Approve another version to replace it.",
    )


def _log(approval: Approval, action: Action, package_arn: str) -> None:
    line = {"event": approval.event_id, "approved": approval.package_arn, "action": action.name, "version": package_arn}
    print(json.dumps(line))  # noqa: T201 - standard output is a function's log
