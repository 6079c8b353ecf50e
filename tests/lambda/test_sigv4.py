"""Our signature is botocore's, whatever is signed."""

from datetime import UTC, datetime
from unittest.mock import patch

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from shared.sigv4 import Credentials, sign

MOMENT = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
names = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,40}[a-zA-Z0-9])?", fullmatch=True)


@given(name=names, body=st.binary(max_size=200), token=st.none() | names, extra=st.text("ab c", max_size=9))
def test_it_equals_botocores(name: str, body: bytes, token: str | None, extra: str) -> None:
    path = f"/endpoints/{name}/invocations"
    headers = {
        "host": "runtime.sagemaker.eu-central-1.amazonaws.com",
        "content-type": "application/json",
        "x-extra": f"x{extra}x",
    }
    ours = sign(Credentials("AKIA", "secret", token, "eu-central-1"), "sagemaker", "POST", path, headers, body, MOMENT)

    request = AWSRequest("POST", f"https://{headers['host']}{path}", data=body, headers=headers)
    with patch.object(botocore.auth, "get_current_datetime", return_value=MOMENT.replace(tzinfo=None)):
        botocore.auth.SigV4Auth(BotoCredentials("AKIA", "secret", token), "sagemaker", "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
