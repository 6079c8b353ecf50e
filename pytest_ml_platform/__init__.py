"""A pytest plugin: an embedded AWS for the tests of any project, with a SageMaker that trains and serves.

Installed with `ml-platform[local]`, pytest finds it by itself. No account, no Docker; nothing runs after the session. Without the
extra, pytest finds this module all the same, so what that brings is imported by the fixtures only.

>>> def test_my_bucket(embedded_aws):                                                  # doctest: +SKIP
...     embedded_aws.client("s3").create_bucket(Bucket="mine")

>>> def test_my_code(aws_environment):                                                 # doctest: +SKIP
...     my_code()  # boto3 without arguments talks to the embedded AWS
"""

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

ACCOUNT, REGION = "000000000000", "us-east-1"
CLOCK = "embedded_aws_clock"


@dataclass(frozen=True)
class EmbeddedAws:
    """A running embedded AWS, with IAM enforced; the credentials are those of the account's root."""

    url: str
    variables: Mapping[str, str]
    """Environment in which every AWS tool talks to it, and to nothing else."""
    account: str = ACCOUNT
    region: str = REGION

    @property
    def session(self) -> Any:
        """`boto3.Session` with its credentials and region."""
        from mlp.platform.environment import embedded_session  # noqa: PLC0415

        return embedded_session(self.region)

    def client(self, service: str, **options: Any) -> Any:
        """Return a client of it; `options` as boto3 takes them."""
        return self.session.client(service, **{"endpoint_url": self.url, **options})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say how fast prescribed waits pass."""
    parser.addini(CLOCK, "How many times as fast as real time prescribed waits pass, 1 to 1000.", default="60")


@pytest.fixture(scope="session")
def embedded_aws(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS for the whole session, on a free port of 127.0.0.1; empty at first, and gone afterwards."""
    try:
        from mlp.deployment import local  # noqa: PLC0415
        from mlp.platform.environment import embedded_variables  # noqa: PLC0415
    except ImportError as error:
        pytest.fail(
            f"The embedded AWS is not installed ({error}). Install it with: pip install 'ml-platform[local]'", pytrace=False
        )
    clock = _clock(pytestconfig.getini(CLOCK))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLP_STATE_DIR", str(tmp_path_factory.mktemp("embedded-aws")))
        embedded = local.start("pytest", _free_port(), ACCOUNT, REGION, clock=clock)
        try:
            yield EmbeddedAws(embedded.url, embedded_variables(embedded, REGION))
        finally:
            local.stop(embedded)


@pytest.fixture
def aws_environment(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> EmbeddedAws:
    """The embedded AWS, to which boto3 and every AWS tool of the test's process and its children talk by default."""
    import boto3  # noqa: PLC0415

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in embedded_aws.variables.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return embedded_aws


def _clock(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0
    if not 1 <= factor <= 1000:
        pytest.fail(f"{CLOCK} is {text!r}; allowed: a number from 1 (real time) to 1000", pytrace=False)
    return factor


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
