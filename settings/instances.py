"""SageMaker instance types as fields of the settings."""

from typing import Annotated

from pydantic import AfterValidator

from platform_contract import instances
from platform_contract.instances import Use


def _checker(use: Use) -> AfterValidator:
    def check(value: str) -> str:
        if problem := instances.problem(use, value):
            raise ValueError(problem)
        return value

    return AfterValidator(check)


def _runs_an_encrypted_notebook(value: str) -> str:
    if problem := instances.notebook_problem(value):
        raise ValueError(problem)
    return value


TrainingInstanceType = Annotated[str, _checker("training")]
ProcessingInstanceType = Annotated[str, _checker("processing")]
HostingInstanceType = Annotated[str, _checker("hosting")]
KnownNotebookInstanceType = Annotated[str, _checker("notebook")]
"""Any notebook instance type that SageMaker lists."""
NotebookInstanceType = Annotated[str, _checker("notebook"), AfterValidator(_runs_an_encrypted_notebook)]
