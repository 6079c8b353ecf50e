"""What instance types are."""

import re

from local_aws.errors import invalid

LOCAL_NVME = re.compile(r"^ml\.(g4dn|g5|g6|g6e|p4d|p4de|p5|trn1|inf2)\.|^ml\.[a-z]\d+[a-z]*d[a-z]*\.")
"""Types whose local disks encrypt by themselves: SageMaker takes no key for their volumes."""


def check_volume_key(member: str, key: str | None, instance_type: str) -> None:
    """Raise where `member` gives a key for the volume of an instance whose local storage has its own encryption."""
    if key and LOCAL_NVME.match(instance_type):
        raise invalid(f"{member} is not supported for instance type {instance_type}, whose local storage has its own encryption")
