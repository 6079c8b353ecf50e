"""Hyperparameters as script mode takes them: JSON texts, which the training toolkit makes the script's arguments.

Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html (HyperParameters), and
sagemaker-training's own mapping: `--name value`, `-n value` for a name of one letter, `True` and `False` for booleans.
"""

import json
from collections.abc import Mapping

MAX_COUNT = 97
"""SageMaker takes 100, three of which are script mode's."""
MAX_NAME, MAX_VALUE = 256, 2500
"""Characters."""
RESERVED = "sagemaker_"
"""Prefix of script mode's own."""


def encoded(given: Mapping[str, object]) -> dict[str, str]:
    """Return hyperparameters as CreateTrainingJob takes them.

    Raises
    ------
    ValueError
        If there are too many, or one cannot be an argument of a script: only texts, numbers and booleans can.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"hyperparameters: got {type(given).__name__}; give a mapping such as {{'max-iter': 200}}")
    if len(given) > MAX_COUNT:
        raise ValueError(f"hyperparameters: got {len(given)}; at most {MAX_COUNT} fit, put more into a file of data")
    return {_name(name): _value(name, value) for name, value in given.items()}


def _name(name: object) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or name.startswith(RESERVED):
        raise ValueError(
            f"hyperparameters: got the name {str(name)[:60]!r}; give a text of 1 to {MAX_NAME} characters that does not begin "
            f"with {RESERVED}, which the container has for itself"
        )
    return name


def _value(name: str, value: object) -> str:
    if not isinstance(value, str | int | float | bool) or len(json.dumps(value)) > MAX_VALUE:
        raise ValueError(
            f"hyperparameters[{name!r}]: got {str(value)[:60]!r} ({type(value).__name__}); give a text, a number or "
            f"a boolean of at most {MAX_VALUE} characters"
        )
    return json.dumps(value)
