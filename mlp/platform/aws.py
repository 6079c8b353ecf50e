"""What every AWS client of this package shares, and AWS's errors in words; standard library and botocore only."""

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

CLIENT = Config(connect_timeout=5, read_timeout=70, retries={"mode": "standard", "total_max_attempts": 3})
DENIED = ("AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation", "AuthorizationError")
"""Codes with which AWS's services say that a policy does not allow something."""


def code_of(error: ClientError) -> str:
    """Return the code of an AWS error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """Return what an AWS error says."""
    return str(error.response.get("Error", {}).get("Message", ""))


def is_denied(error: ClientError) -> bool:
    """Return whether a policy does not allow what was asked for."""
    return code_of(error) in DENIED


def explain(error: BotoCoreError | ClientError) -> str:
    """Return an AWS error in one line."""
    if isinstance(error, ClientError):
        return f"AWS refused {error.operation_name}: {code_of(error)}: {message_of(error)}"
    if isinstance(error, NoRegionError):
        return (
            "No region is set. Set platform.region in the environment's file under config/, or AWS_REGION, or a profile with one"
        )
    return f"AWS could not be asked: {error}"
