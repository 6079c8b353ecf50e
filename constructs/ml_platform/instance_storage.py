"""Which SageMaker instance types bring local NVMe disks, and therefore refuse a volume key."""

import re

_LOCAL_NVME = re.compile(
    r"^ml\.(g4dn|g5|g6|g6e|g7|g7e|gr6|dl1|p4d|p4de|p5|p5e|p5en|p6-b200|p6-b300|p6e-gb200|trn1|trn1n|trn2)\.|^ml\.[a-z]\d+[a-z]*d[a-z]*\."
)

TRAINING_FAMILIES_WITH_LOCAL_NVME = (
    *("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
    *("r5d", "trn1", "trn1n", "trn2"),
)
"""Families of training instance types for which `has_local_nvme` holds, for policies, which know no regular expressions."""


def has_local_nvme(instance_type: str) -> bool:
    """Return whether SageMaker rejects `KmsKeyId` for the type.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html (KmsKeyId)
    """
    return _LOCAL_NVME.match(instance_type) is not None
