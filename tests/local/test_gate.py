"""The gate on the deployed platform: a challenger against the version that serves, on the same test set."""

import io
from collections.abc import Iterator

import joblib
import pytest

from mlp.platform.errors import Failed
from mlp.runs import registry, training
from mlp.runs.record import record_of
from mlp.runs.registry import Version
from tests.local.conftest import DATA, MODEL, Platform

ORACLE = f'''
import csv, json, os
from pathlib import Path
NAMES = ["crl_tot", "dollar", "bang", "money", "n000", "make"]
VERSION = os.environ.get("MODEL_PACKAGE_ARN", "").rpartition("/")[2]
ROWS = """{DATA.read_text()}"""
KNOWN = {{tuple(float(row[name]) for name in NAMES): row["yesno"] == "y" for row in csv.DictReader(ROWS.splitlines())}}
def model_fn(model_dir): return None
def input_fn(body, content_type): return json.loads(body)["instances"]
def predict_fn(instances, model):
    spam = [KNOWN[tuple(float(instance[name]) for name in NAMES)] for instance in instances]
    return {{"predictions": [{{"class": "spam" if s else "wanted", "probability": 0.99}} for s in spam], "model_version": VERSION}}
def output_fn(answer, accept): return json.dumps(answer), "application/json"
'''
"""Serving code that knows the answers: no honest challenger is as good."""


def compared(platform: Platform, compare_with: str = "deployed") -> training.Run:
    parameters = {"CompareWith": compare_with}
    return training.follow(platform.environment, training.start(platform.environment, MODEL, parameters))


@pytest.fixture(scope="module")
def oracle(platform: Platform) -> Iterator[Version]:
    """The version that serves, which is better than any other can be; an honest one serves again afterwards."""
    parts = io.BytesIO()
    joblib.dump({}, parts)
    version = platform.register(ORACLE, parts.getvalue())
    platform.release(version)
    yield version
    registry.set_approval(platform.environment, version, "Rejected", "test")
    platform.release(platform.version(compared(platform, "none").version))


def test_a_worse_challenger_is_not_registered_and_the_reason_has_both_figures(platform: Platform, oracle: Version) -> None:
    before = registry.versions(platform.environment, MODEL)
    with pytest.raises(Failed) as caught:
        compared(platform)
    said = (
        rf"gate-missed: the model misses its gate: accuracy 0.8704 is 0.\d+ worse than 0.9\d+ of deployed version {oracle.number}"
    )
    assert caught.match(said)
    assert registry.versions(platform.environment, MODEL) == before


def test_the_comparison_can_be_left_out_and_the_registry_says_so(platform: Platform, oracle: Version) -> None:
    version = platform.version(compared(platform, "none").version)
    record = record_of(platform.environment, version)
    assert record.deployed_version == "none"
    assert not any("deployed version" in check.says for check in record.checks if not check.holds)
    assert {check.holds for check in record.checks} == {True}


def test_a_live_version_that_cannot_be_judged_fails_the_gate_with_the_remedy(platform: Platform, oracle: Version) -> None:
    broken = platform.register(ORACLE)  # its model.joblib is empty, which only who judges it opens
    platform.release(broken)
    with pytest.raises(Failed) as caught:
        compared(platform)
    assert f"accuracy could not be compared with deployed version {broken.number}: evaluate" in str(caught.value)
    assert "CompareWith=none" in str(caught.value)
    registry.set_approval(platform.environment, broken, "Rejected", "test")
