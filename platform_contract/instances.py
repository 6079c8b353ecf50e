"""SageMaker's instance types, as AWS's own service model lists them, and what is particular about some."""

import difflib
import json
import re
from functools import cache
from pathlib import Path
from typing import Literal

Use = Literal["training", "processing", "hosting", "notebook"]

_DATA = Path(__file__).with_name("instance_types.json")
_EXAMPLES = {"training": "ml.m5.large", "processing": "ml.m5.large", "hosting": "ml.m5.large", "notebook": "ml.t3.medium"}
_BURSTABLE = ("ml.t2.", "ml.t3.", "ml.t4g.")
_NOT_ON_AL2023 = ("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.g3.", "ml.inf1.")
"""Families whose drivers the platform notebook-al2023-v1 does not have."""
_LOCAL_NVME = re.compile(
    r"^ml\.(g4dn|g5|g6|g6e|g7|g7e|gr6|dl1|p4d|p4de|p5|p5e|p5en|p6-b200|p6-b300|p6e-gb200|trn1|trn1n|trn2)\.|^ml\.[a-z]\d+[a-z]*d[a-z]*\."
)
TRAINING_FAMILIES_WITH_LOCAL_NVME = (
    *("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300", "p6e-gb200"),
    *("r5d", "trn1", "trn1n", "trn2"),
)
"""Families of training instance types for which `has_local_nvme` holds, for policies, which know no regular expressions."""


@cache
def known(use: Use) -> frozenset[str]:
    """Return all instance types that SageMaker offers for something."""
    return frozenset(json.loads(_DATA.read_text())[use])


def problem(use: Use, instance_type: str) -> str | None:
    """Return why SageMaker cannot use the type for something, with what to use; None where it can."""
    if instance_type in known(use):
        return None
    close = difflib.get_close_matches(instance_type, sorted(known(use)), n=3)
    hint = f"closest: {', '.join(close)}" if close else f"use one such as {_EXAMPLES[use]}"
    return f"SageMaker has no instance type of this name for {use}; {hint} (all: platform_contract/instance_types.json)"


def notebook_problem(instance_type: str) -> str | None:
    """Return why SageMaker lists a notebook instance type and yet cannot run it here; None where it can.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest-nbi.html
    """
    if instance_type.startswith(_NOT_ON_AL2023):
        return (
            "Amazon Linux 2023, the only platform on which notebook instances can still be created, does not run this family; "
            "use one such as ml.t3.medium or ml.m5.xlarge, and train on GPUs in training jobs"
        )
    if has_local_nvme(instance_type):
        return (
            "this type has local NVMe disks, for which SageMaker takes no KMS key; use a type without them, such as "
            "ml.t3.medium, ml.m5.xlarge or ml.r5.xlarge, and train on GPUs in training jobs"
        )
    return None


def is_burstable(instance_type: str) -> bool:
    """Return whether CPU credits make the type's capacity unpredictable, so that it must not be autoscaled."""
    return instance_type.startswith(_BURSTABLE)


def has_local_nvme(instance_type: str) -> bool:
    """Return whether SageMaker rejects a volume key for the type, because its local disks encrypt by themselves.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html (KmsKeyId)
    """
    return _LOCAL_NVME.match(instance_type) is not None
