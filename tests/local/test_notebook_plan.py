"""A change that would cost somebody his disk is named before it happens, and refused until it is allowed by name."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mlp.cli.main import main
from mlp.deployment.deploy import deploy_locally
from mlp.platform.errors import MlpError
from tests.local.conftest import CLOCK
from tests.local.notebook_platform import Notebooks

VPC = {"subnet_id": "subnet-0123456789abcdef0", "security_group_ids": ["sg-0123456789abcdef0"]}


@pytest.fixture
def config(notebooks: Notebooks) -> Iterator[Path]:
    """The environment's file; what a test changes in it is taken back."""
    file = Path(os.environ["MLP_CONFIG_DIR"]) / "local.yaml"
    before = file.read_text()
    yield file
    file.write_text(before)


def change(file: Path, name: str, **settings: object) -> None:
    content = yaml.safe_load(file.read_text())
    content["notebooks"][name] = content["notebooks"][name] | settings  # several names share one section
    file.write_text(yaml.safe_dump(content))


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["mlp", *words])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_nothing_to_change_is_said(notebooks: Notebooks, monkeypatch, capsys) -> None:
    assert run(monkeypatch, "plan", "--check") == 0
    assert "mlp-local-Notebooks" in capsys.readouterr().out


def test_a_replacement_is_named_and_refused(notebooks: Notebooks, config: Path, monkeypatch, capsys) -> None:
    before = notebooks.instance("mill")
    change(config, "mill", **VPC)
    assert run(monkeypatch, "plan") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "mill" in said and "REPLACED" in said and "empty disk" in said
    assert run(monkeypatch, "plan", "--check") == 2
    assert run(monkeypatch, "plan", "--check", "--allow-replacement", "mill") == 0
    embedded = notebooks.platform.environment.embedded
    assert embedded
    with pytest.raises(MlpError, match="mill"):
        deploy_locally("local", embedded.port, {}, clock=CLOCK)
    assert notebooks.instance("mill") == before


def test_a_larger_type_is_named_as_an_interruption_and_allowed(notebooks: Notebooks, config: Path, monkeypatch, capsys) -> None:
    change(config, "mill", instance_type="ml.t3.large")
    assert run(monkeypatch, "plan", "--check") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "mill" in said and "stopped and started" in said


def test_a_removed_notebook_is_refused(notebooks: Notebooks, config: Path, monkeypatch, capsys) -> None:
    content = yaml.safe_load(config.read_text())
    del content["notebooks"]["mill"]
    config.write_text(yaml.safe_dump(content))
    assert run(monkeypatch, "plan", "--check") == 2
    assert "mill" in "".join(capsys.readouterr())
