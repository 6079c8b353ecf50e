"""Instance types: which there are, as far as the SDK of the notebook knows, which may be newer than the platform."""

import difflib
from typing import Any

import botocore

from mlp.platform.errors import MlpError

TRAINING, HOSTING = "TrainingInstanceType", "ProductionVariantInstanceType"
"""What SageMaker's service model calls the two lists."""


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
