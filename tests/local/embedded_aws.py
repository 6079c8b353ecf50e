"""An embedded AWS of its own, with nothing in it."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3

from mlp.deployment import local
from mlp.platform.environment import Embedded
from tests.local.conftest import ACCOUNT, CLOCK, ONE_TRY, REGION, free_port


@dataclass
class EmbeddedAws:
    """A running embedded AWS."""

    embedded: Embedded
    state: Path
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.embedded.url, config=ONE_TRY)


Kind = TypeVar("Kind", bound=EmbeddedAws)


@contextlib.contextmanager
def running(state: Path, kind: type[Kind]) -> Iterator[Kind]:
    """Run an embedded AWS, of the given class, that keeps its volumes in `state`."""
    before = os.environ.get("MLP_STATE_DIR")
    os.environ["MLP_STATE_DIR"] = str(state)
    try:
        embedded = local.start("local", free_port(), ACCOUNT, REGION, clock=CLOCK)
        yield kind(embedded, state, boto3.Session("test", "test", region_name=REGION))
    finally:
        os.environ["MLP_STATE_DIR"] = str(state)
        local.stop()
        del os.environ["MLP_STATE_DIR"]
        if before is not None:
            os.environ["MLP_STATE_DIR"] = before


def make_role(aws: EmbeddedAws, name: str, *statements: dict[str, Any], principal: dict[str, str] | None = None) -> str:
    trusted = principal or {"Service": "sagemaker.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}]}
    arn = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    if statements:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **entry} for entry in statements]}
        aws.client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    return str(arn)
