"""What a person gives, checked before anything is created."""

from mlp.platform.errors import MlpError


def check_range(name: str, value: object, low: float, high: float, what: str, *, whole: bool = True) -> None:
    """Raise MlpError unless `value` is a number from `low` to `high`."""
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        number = "a whole number" if whole else "a number"
        raise MlpError(f"{name}: got {value!r}; give {number} from {low:g} to {high:g} ({what})")


def check_choice(name: str, value: object, allowed: list[str], remedy: str) -> None:
    """Raise MlpError unless `value` is one of `allowed`."""
    if value not in allowed:
        raise MlpError(f"{name}: got {value!r}; allowed: {', '.join(allowed) or 'none'}. {remedy}")
