"""The library as another team gets it: built, installed into an empty environment, and used as docs/own-app.md says."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.conftest import ROOT

PAGE = (ROOT / "docs/own-app.md").read_text()
[APP] = re.findall(r"```python\n(.*?)```", PAGE, re.S)


def run(*command: object, cwd: Path, variables: Mapping[str, str] | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**environment, **(variables or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    run(find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
    run(find_uv_bin(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    [wheel] = folder.glob("*.whl")
    found = folder / "venv/bin/python"
    run(find_uv_bin(), "pip", "install", "--quiet", "--python", found, wheel, cwd=folder)
    return found


def test_the_page_is_true(python: Path, tmp_path: Path) -> None:
    assert len(APP.strip().splitlines()) <= 35
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "churn").mkdir()
    for script in ("prepare", "train", "evaluate", "serve"):
        shutil.copy(ROOT / f"models/spam/{script}.py", tmp_path / "churn")
    run(python, "app.py", cwd=tmp_path, variables={"CDK_OUTDIR": str(tmp_path / "out")})
    template = json.loads((tmp_path / "out/Shop.template.json").read_text())
    kinds = [entry["Type"] for entry in template["Resources"].values()]
    for kind in ("SageMaker::Pipeline", "SageMaker::Endpoint", "ApiGatewayV2::Route"):
        assert kinds.count(f"AWS::{kind}") == 1, kind
    functions = [entry for entry in template["Resources"].values() if entry["Type"] == "AWS::Lambda::Function"]
    assert {entry["Properties"]["Handler"] for entry in functions} == {"gate.handler.handler", "predict.handler.handler"}


def test_errors_are_as_the_page_shows_them(python: Path, tmp_path: Path) -> None:
    wrong = """
from aws_cdk import App, Stack
from ml_platform import Fleet, FrameworkImage, ModelEndpoint, PlatformStorage, RegisteredModel, ScalingOptions
stack = Stack(App(), "Shop", env={"region": "eu-central-1"})
image = FrameworkImage(stack, "Image", framework="sklearn", version="1.9-0")
model = RegisteredModel(name="churn", group_name="churn", image=image, storage=PlatformStorage(stack, "Storage"))
try:
    ModelEndpoint(stack, "Endpoint", model=model, fleet=Fleet(instance_type="m5.huge", scaling=ScalingOptions(min_instances=0)))
except ValueError as problem:
    print(problem)
"""
    shown = re.findall(r"```\n(ModelEndpoint .*?)```", PAGE, re.S)[0].strip().splitlines()
    told = run(python, "-c", wrong, cwd=tmp_path).strip().splitlines()
    assert [line.partition(" (")[0] for line in told] == [line.partition(" (")[0] for line in shown]
