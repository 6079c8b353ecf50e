"""Five compliance packs over every stack of both samples: no finding that is not acknowledged, no acknowledgement without one."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from ml_platform.common import compliance
from settings import load_settings
from stacks.platform import build_platform
from tests.compliance.packs import findings
from tests.conftest import SAMPLES


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_nothing_is_found_that_is_not_acknowledged(sample: str, tmp_path: Path) -> None:
    found = findings(tmp_path, lambda app: build_platform(app, load_settings(SAMPLES[sample])))
    assert not found


def canary(app: App) -> None:
    stack = Stack(app, "Canary")
    s3.Bucket(stack, "Open")
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    lambda_.Function(stack, "Old", runtime=lambda_.Runtime.PYTHON_3_9, handler="index.handler", code=code)


def test_the_packs_can_fail(tmp_path: Path) -> None:
    found = findings(tmp_path, canary)
    prefixes = {rule.split("-")[0] for rule, _ in found}
    assert {"AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321", "Serverless"} <= prefixes


def test_every_acknowledgement_matches_a_finding_and_names_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acknowledged: list[tuple[str, str, str]] = []

    def record(resource, reason: str, *ids: str) -> None:
        acknowledged.extend((finding, resource.node.path, reason) for finding in ids)

    import ml_platform.common.alerts
    import ml_platform.common.function
    import ml_platform.data.storage
    import ml_platform.notebook.notebook_instance
    import ml_platform.notebook.watchdog
    import ml_platform.serving.prediction_route
    import ml_platform.serving.promotion

    for module in (
        ml_platform.common.alerts,
        ml_platform.common.function,
        ml_platform.notebook.notebook_instance,
        ml_platform.notebook.watchdog,
        ml_platform.serving.prediction_route,
        ml_platform.serving.promotion,
        ml_platform.data.storage,
        compliance,
    ):
        monkeypatch.setattr(module, "acknowledge", record)
    found = findings(tmp_path, lambda app: build_platform(app, load_settings(SAMPLES["comprehensive"])))

    def covers(path: str, place: str) -> bool:
        return place == path or place.startswith(f"{path}/")

    unmatched = [
        (finding, path)
        for finding, path, _ in acknowledged
        if not any(rule == finding and covers(path, place) for rule, place in found)
    ]
    assert not unmatched, "these acknowledge nothing; remove them"
    covered = {(rule, place) for rule, place in found for f, path, _ in acknowledged if rule == f and covers(path, place)}
    assert covered == found
    for _, path, reason in acknowledged:
        assert len(reason) > 60, f"{path}: {reason!r} does not say which limit forces it"
