"""How often a further model makes the app call into CDK's Node process: what its synth takes, without a clock."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsii
import pytest
import yaml
from aws_cdk import App

from settings import load_settings
from stacks.platform import build_platform
from tests.conftest import ROOT

AT_MOST = 150
"""Calls for one trained and served model. About 65 of them make its constructs, which cannot be fewer."""
CALLS = ("create", "get", "set", "sget", "sset", "invoke", "sinvoke")


def platform(folder: Path, count: int) -> Path:
    """Write a configuration of `count` models to `folder`."""
    local = yaml.safe_load((ROOT / "config/local.yaml").read_text())
    names = [f"m{number}" for number in range(count)]
    for name in names:
        shutil.copytree(ROOT / "models/spam", folder / "models" / name)
        definition = yaml.safe_load((folder / "models" / name / "model.yaml").read_text())
        (folder / "models" / name / "model.yaml").write_text(yaml.safe_dump({**definition, "name": name}))
    sections = {section: local[section] for section in ("platform", "storage", "alerts")}
    file = folder / "local.yaml"
    file.write_text(yaml.safe_dump({**sections, "models": dict.fromkeys(names, local["models"]["spam"])}))
    return file


def calls(folder: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often building a platform of `count` models calls; relies on the provider through which jsii sends all calls."""
    settings = load_settings(platform(folder, count), folder / "models")
    app, made = App(outdir=str(folder / "out")), 0

    def counted(send: Callable[..., Any]) -> Callable[..., Any]:
        def count_and_send(request: Any) -> Any:
            nonlocal made
            made += 1
            return send(request)

        return count_and_send

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(jsii.kernel.provider, name, counted(getattr(jsii.kernel.provider, name)))
        build_platform(app, settings)
    return made


def test_a_further_model_costs_few_calls_and_the_third_no_more_than_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first platform of a process also asks what all later ones know.
    _, one, two, three = (calls(tmp_path / str(run), count, monkeypatch) for run, count in enumerate((1, 1, 2, 3)))
    assert 100 < two - one <= AT_MOST
    # A little more or less: what was garbage-collected is asked again.
    assert abs((three - two) - (two - one)) <= 10
