"""Asks a model over HTTPS, signed with SigV4."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from mlp.platform.errors import Failed, MlpError

if TYPE_CHECKING:
    from mlp.platform.environment import PlatformEnvironment

TIMEOUT_SECONDS = 35


def url_of(environment: PlatformEnvironment, model: str) -> str:
    """Return the URL of a model's prediction route."""
    environment.require_model(model)
    if model not in environment.settings.served_models:
        raise MlpError(
            f"{model} is not served in {environment.name}; add `serving: {{}}` to it in config/{environment.name}.yaml"
        )
    gateway, path = environment.outputs("Gateway"), environment.outputs("Serving", model)["PredictPath"]
    if environment.embedded is None:
        return f"{gateway['ApiUrl']}{path}"
    # The path form needs no name resolution of <api>.execute-api.localhost.
    return f"{environment.embedded.url}/_aws/execute-api/{gateway['ApiId']}{path}"


def sample_of(environment: PlatformEnvironment, model: str) -> dict[str, Any]:
    """Return the model's own sample instance."""
    sample: dict[str, Any] = environment.settings.models[model].definition.sample
    return sample


def predict(environment: PlatformEnvironment, model: str, instances: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the model's answer.

    Raises
    ------
    Failed
        With what the service answered instead.
    """
    url, body = url_of(environment, model), json.dumps({"instances": instances}).encode()
    request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
    credentials = environment.session.get_credentials()
    if credentials is None:
        raise MlpError("There are no AWS credentials; set a profile (AWS_PROFILE) or log in")
    SigV4Auth(credentials, "execute-api", environment.session.region_name).add_auth(request)
    try:
        return _send(url, body, dict(request.headers))
    except urllib.error.HTTPError as error:
        raise Failed(_problem(error)) from None
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{url} cannot be reached: {error}") from None
    except ValueError:
        raise Failed(f"{url} answered, but not with JSON") from None


def _send(url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
    return answer


def _problem(error: urllib.error.HTTPError) -> str:
    try:
        content = json.load(error)
    except ValueError:
        return f"HTTP {error.code}: {error.reason}"
    lines = [f"HTTP {error.code}: {content.get('title', '')} {content.get('detail', content.get('message', ''))}".strip()]
    lines += [f"  {entry['pointer']} {entry['detail']}" for entry in content.get("errors", [])]
    return "\n".join(lines)
