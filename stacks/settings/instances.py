"""SageMaker instance types, checked against the list that AWS's own service model carries."""

import difflib
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

Use = Literal["training", "processing", "hosting"]

_DATA = Path(__file__).with_name("instance_types.json")
_BURSTABLE = ("ml.t2.", "ml.t3.", "ml.t4g.")


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
        raise ValueError(
            f"SageMaker has no instance type of this name for {use}; "
            f"{'closest: ' + ', '.join(close) if close else 'use one such as ml.m5.large'} "
            "(all: stacks/settings/instance_types.json)"
        )

    return AfterValidator(check)


TrainingInstance = Annotated[str, _checker("training")]
ProcessingInstance = Annotated[str, _checker("processing")]
HostingInstance = Annotated[str, _checker("hosting")]
