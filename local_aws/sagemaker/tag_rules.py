"""Which tags SageMaker takes.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html and, for the words of the first refusal, issue 1301
of the SageMaker Python SDK.
"""

from collections.abc import Collection, Iterable

from local_aws.errors import invalid

MOST = 50


def check_keys(keys: Iterable[str]) -> None:
    """Raise for a key that only AWS itself may set or remove."""
    for key in keys:
        if key.lower().startswith("aws:"):
            raise invalid(f"System prefix 'aws:' reserved for AWS usage in tag key: {key}")


def check_number(resource: str, keys: Collection[str]) -> None:
    """Raise where a resource would have more tags than one can have."""
    if len(keys) > MOST:
        raise invalid(f"A resource can have at most {MOST} tags; {resource} would have {len(keys)}")
