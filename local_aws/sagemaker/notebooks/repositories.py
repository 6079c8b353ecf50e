"""Git repositories of a notebook instance: cloned into its volume where they are not there yet.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-git-repo.html
"""

import json
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local_aws.containers import process
from local_aws.containers.process import LineSink
from local_aws.ministack_bridge.identity import Credentials
from local_aws.sagemaker.notebooks.disk import VOLUME, Disk

Start = Callable[[list[str], Mapping[str, str], LineSink], "subprocess.Popen[str]"]
LIMIT_SECONDS = 300.0
HELPER = '!f() { echo "username=$GIT_USERNAME"; echo "password=$GIT_PASSWORD"; }; f'
"""Credential helper that answers from the environment, so that no password is seen in a command line or written to disk."""


class CloneFailed(Exception):
    """A repository could not be cloned; the text has git's words."""


@dataclass(frozen=True)
class Repository:
    """A repository to clone, and the folder that it gets."""

    folder: str
    url: str
    branch: str | None = None
    secret_arn: str | None = None


def clone(repository: Repository, disk: Disk, start: Start, secret: dict[str, str], stop: threading.Event) -> None:
    """Clone a repository unless its folder is there already; `start` starts a command of the instance with more variables.

    Raises
    ------
    CloneFailed
        In git's own words.
    """
    if (disk.volume / repository.folder).exists():
        return
    target = disk.seen(f"{VOLUME}/{repository.folder}")
    said: list[str] = []
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false", "GCM_INTERACTIVE": "never", **secret}
    helper = ["-c", f"credential.helper={HELPER}"] if secret else []
    branch = ["--branch", repository.branch] if repository.branch else []
    command = ["git", *helper, "clone", "--quiet", *branch, "--", repository.url, target]
    outcome = process.wait(start(command, quiet, said.append), seconds=LIMIT_SECONDS, stop=stop)
    if outcome.exit_code != 0 and not outcome.stopped:
        words = " ".join(line for line in said if line) or f"git ended with exit code {outcome.exit_code}"
        raise CloneFailed(f"Could not clone the Git repository {repository.url}: {words}")


def secret_of(repository: Repository, credentials: Callable[[], Credentials], endpoint_url: str) -> dict[str, str]:
    """Return user name and password for a repository as environment variables, read in the role's name.

    Raises
    ------
    CloneFailed
        If the role may not read the secret, or it has another form.
    """
    if repository.secret_arn is None:
        return {}
    role = credentials()
    session = boto3.Session(role.access_key, role.secret_key, role.token, role.caller.region)
    client: Any = session.client("secretsmanager", endpoint_url=endpoint_url)
    try:
        text = client.get_secret_value(SecretId=repository.secret_arn)["SecretString"]
        content = json.loads(text)
        return {"GIT_USERNAME": content["username"], "GIT_PASSWORD": content["password"]}
    except ClientError as error:
        raise CloneFailed(f"Could not read the secret of {repository.url}: {error}") from None
    except (ValueError, KeyError, TypeError):
        form = '{"username": ..., "password": ...}'
        raise CloneFailed(f"The secret of {repository.url} must have the form {form}") from None
