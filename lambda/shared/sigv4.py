"""AWS Signature Version 4 with the standard library alone.

Importing botocore for it would take three times as long as everything else that the prediction function imports. A test
compares every part with botocore's own signer.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """What Lambda puts into a function's environment."""

    access_key: str
    secret_key: str
    token: str | None
    region: str

    @classmethod
    def from_environment(cls) -> "Credentials":
        """Return the credentials of the function's role."""
        environment = os.environ
        return cls(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN"),
            environment["AWS_REGION"],
        )


def sign(
    credentials: Credentials,
    service: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    moment: datetime | None = None,
) -> dict[str, str]:
    """Return `headers` (which must name `host`) with date, token and signature added.

    `path` is unencoded and has no query.
    """
    stamp = (moment or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed["x-amz-date"] = stamp
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(signed))
    scope = f"{stamp[:8]}/{credentials.region}/{service}/aws4_request"
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    # Services other than S3 sign the path encoded twice: once as it is sent, once more as part of the canonical request.
    canonical_path = quote(quote(path, safe="/~"), safe="/~")
    request = f"{method}\n{canonical_path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = _signing_key(credentials, stamp[:8], service)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"{credentials.access_key}/{scope}"
    signed["authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return signed


def _signing_key(credentials: Credentials, day: str, service: str) -> bytes:
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, credentials.region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
