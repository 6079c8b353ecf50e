"""SageMaker instance types, checked against the list that AWS's own service model carries."""

import difflib
import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

Use = Literal["training", "processing", "hosting", "notebook"]

_DATA = Path(__file__).with_name("instance_types.json")
_BURSTABLE = ("ml.t2.", "ml.t3.", "ml.t4g.")
_EXAMPLES = {"training": "ml.m5.large", "processing": "ml.m5.large", "hosting": "ml.m5.large", "notebook": "ml.t3.medium"}
_NOT_ON_AL2023 = ("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.g3.", "ml.inf1.")
"""Families whose drivers the platform notebook-al2023-v1 does not have."""
_LOCAL_DISKS = re.compile(
    r"^ml\.(g4dn|g5|g6|g6e|g7|g7e|gr6|dl1|p4d|p4de|p5|p5e|p5en|p6-b200|p6-b300|p6e-gb200|trn1|trn1n|trn2)\.|^ml\.[a-z]\d+[a-z]*d[a-z]*\."
)
"""Types with local NVMe disks; a test compares them with what the constructs take for such."""


@cache
def _known(use: Use) -> frozenset[str]:
    return frozenset(json.loads(_DATA.read_text())[use])


def is_burstable(instance_type: str) -> bool:
    """Return whether CPU credits make the type's capacity unpredictable, so that it must not be autoscaled."""
    return instance_type.startswith(_BURSTABLE)


def _checker(use: Use) -> AfterValidator:
    def check(value: str) -> str:
        if value in _known(use):
            return value
        close = difflib.get_close_matches(value, sorted(_known(use)), n=3)
        hint = f"closest: {', '.join(close)}" if close else f"use one such as {_EXAMPLES[use]}"
        raise ValueError(f"SageMaker has no instance type of this name for {use}; {hint} (all: settings/instance_types.json)")

    return AfterValidator(check)


TrainingInstance = Annotated[str, _checker("training")]
ProcessingInstance = Annotated[str, _checker("processing")]
HostingInstance = Annotated[str, _checker("hosting")]
KnownNotebookInstance = Annotated[str, _checker("notebook")]
"""Any notebook instance type that SageMaker lists."""


def _runs_an_encrypted_notebook(value: str) -> str:
    """Refuse what SageMaker lists but cannot run here.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest-nbi.html
    """
    if value.startswith(_NOT_ON_AL2023):
        raise ValueError(
            "Amazon Linux 2023, the only platform on which notebook instances can still be created, does not run this family; "
            "use one such as ml.t3.medium or ml.m5.xlarge, and train on GPUs in training jobs"
        )
    if _LOCAL_DISKS.match(value):
        raise ValueError(
            "this type has local NVMe disks, for which SageMaker takes no KMS key; use a type without them, such as "
            "ml.t3.medium, ml.m5.xlarge or ml.r5.xlarge, and train on GPUs in training jobs"
        )
    return value


NotebookInstance = Annotated[str, _checker("notebook"), AfterValidator(_runs_an_encrypted_notebook)]
