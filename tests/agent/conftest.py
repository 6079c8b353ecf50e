"""What tests of the agent share. The agent is imported from where it lies."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.fake_aws import FakeAws, running

sys.path.insert(0, str(Path(__file__).parents[2] / "notebook"))


@pytest.fixture
def fake_aws() -> Iterator[FakeAws]:
    """An AWS that remembers what it was asked."""
    with running() as fake:
        yield fake


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the caller's AWS settings out."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
