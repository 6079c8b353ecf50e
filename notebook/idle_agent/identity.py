"""Signed requests to AWS with the standard library alone.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import http.client
import json
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit


class Identity:
    """Name, region and partition of this instance, from the file that SageMaker puts onto it, and its keys."""

    def __init__(self, metadata: str) -> None:
        about = json.loads(Path(metadata).read_text())
        self.name = about["ResourceName"]
        _, partition, _, self.region, *_ = about["ResourceArn"].split(":")
        self.domain = f"{self.region}.amazonaws.com{'.cn' * (partition == 'aws-cn')}"
        self.keys = credentials()

    def fetch(self, uri: str) -> bytes:
        """Return the object of an s3:// address."""
        return self.send("s3", f"s3.{self.domain}", quote(uri[4:], "/~"), {}, b"")

    def send(self, service: str, host: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        """Send one signed request and return the answer's body."""
        url = os.environ.get("AWS_ENDPOINT_URL", f"https://{host}").rstrip("/")
        headers = {**headers, "host": urlsplit(url).netloc, "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}
        return ask(url + path, sign(self.keys, self.region, service, path, headers, body), body)


def sign(secrets: Any, region: str, service: str, path: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
    """Return `headers` (host and x-amz-date among them) with token and signature; `path` is encoded. A body makes a POST."""
    key, secret, token = secrets
    stamp, body_hash = headers["x-amz-date"], sha256(body).hexdigest()
    headers = {**headers, "x-amz-content-sha256": body_hash, **({"x-amz-security-token": token} if token else {})}
    names = ";".join(sorted(headers))
    lines = "".join(f"{header}:{headers[header]}\n" for header in sorted(headers))
    request = f"{'POST' if body else 'GET'}\n{path}\n\n{lines}\n{names}\n{body_hash}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    seal = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"):
        seal = hmac.new(seal, part.encode(), sha256).digest()
    proof = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={seal.hex()}"
    return {**headers, "authorization": proof}


def credentials() -> list[str | None]:
    """Return key, secret and token from the environment, else from the metadata service (IMDSv2)."""
    keys = [os.environ.get(f"AWS_{part}") for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    if not keys[0]:
        base = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/") + "/latest/"
        folder, header = base + "meta-data/iam/security-credentials/", "X-aws-ec2-metadata-token"
        headers = {header: ask(base + "api/token", {f"{header}-ttl-seconds": "60"}, method="PUT").decode()}
        found = json.loads(ask(folder + ask(folder, headers).decode().split()[0], headers))
        keys = [found[part] for part in ("AccessKeyId", "SecretAccessKey", "Token")]
    return keys


def ask(url: str, headers: dict[str, str], body: bytes = b"", method: str = "", context: Any = None) -> bytes:
    """Return the body of an answer; raise OSError with words for any that is no success."""
    scheme, place, *_ = urlsplit(url)
    if scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(place, timeout=4, context=context)
    else:
        connection = http.client.HTTPConnection(place, timeout=4)
    connection.request(method or ("POST" if body else "GET"), url.split(place, 1)[1], body, headers)
    answer = connection.getresponse()
    text = answer.read(50_000_000)
    if answer.status != 200:
        raise OSError(f"{answer.status} {text[:200]!r}")
    return text
