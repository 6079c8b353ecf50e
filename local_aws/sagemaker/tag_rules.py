"""Which tags SageMaker takes.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html and, for the words of the first refusal, issue 1301
of the SageMaker Python SDK.
"""

from collections.abc import Collection, Mapping
from typing import Any

from local_aws.errors import invalid

MOST = 50


def check_request(request: Mapping[str, Any]) -> None:
    """Raise where a client would set or remove a tag that only AWS itself sets, as CloudFormation does for its resources."""
    for key in (*(tag["Key"] for tag in request.get("Tags", [])), *request.get("TagKeys", [])):
        if _is_of_aws(key):
            raise invalid(f"System prefix 'aws:' reserved for AWS usage in tag key: {key}")


def check_number(resource: str, keys: Collection[str]) -> None:
    """Raise where a resource would have more tags than one can have; those of AWS do not count."""
    count = sum(not _is_of_aws(key) for key in keys)
    if count > MOST:
        raise invalid(f"A resource can have at most {MOST} tags; {resource} would have {count}")


def _is_of_aws(key: str) -> bool:
    return key.lower().startswith("aws:")
