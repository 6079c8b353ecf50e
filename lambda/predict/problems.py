"""Every way in which a prediction can fail, as problem+json (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


class Problem(Exception):
    """An answer that is no prediction."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        retry_after: int | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.retry_after, self.errors = retry_after, list(errors)

    def response(self, request_id: str) -> dict[str, Any]:
        """Return the answer in API Gateway's form."""
        content: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": request_id,
        }
        if self.errors:
            content["errors"] = self.errors
        headers = {"content-type": "application/problem+json"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return {"statusCode": self.status, "headers": headers, "body": json.dumps(content)}


def bad_request(detail: str, errors: Sequence[Mapping[str, str]] = ()) -> Problem:
    """400: the caller can mend it."""
    return Problem(400, "Bad request", detail, errors=errors)


def too_large(size: int, limit: int) -> Problem:
    """413: not for a synchronous call."""
    return Problem(
        413,
        "Payload too large",
        f"The request has {size} bytes; at most {limit} are answered at once. Send fewer instances per request, or use "
        "asynchronous inference or a batch transform for large inputs.",
    )


def no_model(model: str) -> Problem:
    """503: no version has been approved yet."""
    return Problem(
        503,
        "No model is served yet",
        f"No version of {model} is being served. Train one with `mlp train {model}`, approve it with `mlp approve {model}`, and "
        "ask again when `mlp status` shows it InService.",
        retry_after=60,
    )


def model_error(status: int | None) -> Problem:
    """The model itself failed: its own 4xx are passed on, everything else is a bad gateway."""
    if status is not None and 400 <= status < 500:
        return Problem(status, "The model refused the request", f"The model answered with status {status}.")
    return Problem(502, "The model failed", "The model could not answer; its endpoint's log has the reason.")


def timed_out(seconds: float) -> Problem:
    """504: the model is too slow."""
    return Problem(504, "The model timed out", f"The model did not answer within {seconds:g} s.")


def overloaded(status: int) -> Problem:
    """429 or 503: try again."""
    return Problem(status, "The model is busy", "The model takes no more requests just now; try again.", retry_after=1)


def misconfigured(code: str) -> Problem:
    """500: ours to mend."""
    return Problem(
        500, "The service is not set up correctly", f"The endpoint could not be asked ({code}); tell the platform team."
    )
