"""Instance types: which there are, and which refuse a volume key."""

import difflib
import re
from typing import Any

import botocore

from mlp.platform.errors import MlpError

_LOCAL_NVME = re.compile(
    r"^ml\.(g4dn|g5|g6|g6e|g7|g7e|gr6|dl1|p4d|p4de|p5|p5e|p5en|p6-b200|p6-b300|p6e-gb200|trn1|trn1n|trn2)\.|^ml\.[a-z]\d+[a-z]*d[a-z]*\."
)
TRAINING, HOSTING = "TrainingInstanceType", "ProductionVariantInstanceType"
"""What SageMaker's service model calls the two lists."""


def has_local_nvme(instance_type: str) -> bool:
    """Return whether SageMaker rejects a volume key for the type, because its local disks encrypt by themselves.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html (KmsKeyId)
    """
    return _LOCAL_NVME.match(instance_type) is not None


def check_instance_type(sagemaker: Any, kind: str, value: str) -> None:
    """Raise MlpError unless the SDK's service model has the type for `kind`."""
    known = sagemaker.meta.service_model.shape_for(kind).enum
    if value not in known:
        close = difflib.get_close_matches(str(value), known, n=3)
        near = f"closest: {', '.join(close)}" if close else "use one such as ml.m5.large"
        raise MlpError(
            f"instance_type: SageMaker has no type {value!r} here, as far as botocore {botocore.__version__} knows; {near}. "
            "For a newer type: pip install -U boto3"
        )
