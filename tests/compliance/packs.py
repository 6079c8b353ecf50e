"""What five compliance packs say of an app."""

import json
from collections.abc import Callable
from pathlib import Path

import cdk_nag
from aws_cdk import App, Validations

PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.PCIDSS321Checks,
    cdk_nag.ServerlessChecks,
)


def findings(folder: Path, build: Callable[[App], object]) -> set[tuple[str, str]]:
    """Return (rule, construct path) of everything that the packs report."""
    app = App(outdir=str(folder))
    build(app)
    Validations.of(app).add_plugins(*(pack(app) for pack in PACKS))
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)
    report = json.loads((folder / "validation-report.json").read_text())
    return {
        (violation["ruleName"], resource["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for resource in violation.get("violatingConstructs", violation.get("violatingResources", []))
        if not violation.get("suppressed")
    }
