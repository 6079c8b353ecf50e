"""Configuration errors as a person reads them: every one at once, each with path, value, allowed values and remedy."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


class SettingsError(Exception):
    """The configuration cannot be used; the text lists every problem found."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        title = f"{count} problem{'s' if count > 1 else ''} in the configuration"
        super().__init__("\n".join([title, *(f"  {number}. {text}" for number, text in enumerate(problems, 1))]))


def explain(source: Path, root: type[BaseModel], error: ValidationError) -> list[str]:
    """Turn pydantic's error list into sentences about `source`."""
    return [_sentence(source, root, detail) for detail in error.errors(include_url=False)]


def _sentence(source: Path, root: type[BaseModel], detail: ErrorDetails) -> str:
    path = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
    if detail["type"] == "extra_forbidden":
        return f"{source}: {path}: unknown key. {_known_keys(root, detail['loc'])}"
    if detail["type"] == "missing":
        return f"{source}: {path}: required, but missing. Add it; docs/configuration.md describes it."
    message = detail["msg"].removeprefix("Value error, ")
    return f"{source}: {path}: {message} (got {_shown(detail['input'])})"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _known_keys(root: type[BaseModel], path: Sequence[int | str]) -> str:
    section = _section_at(root, path[:-1])
    if section is not None and (now := getattr(section, "renamed", {}).get(str(path[-1]))):
        return f"It is called `{now}` now; rename it."
    known = sorted(field.alias or name for name, field in section.model_fields.items()) if section else []
    if not known:
        return "Remove it."
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    hint = f"Did you mean `{close[0]}`? " if close else ""
    return f"{hint}Known keys here: {', '.join(known)}."


def _section_at(root: type[BaseModel], path: Iterable[int | str]) -> type[BaseModel] | None:
    """Return the section that `path` leads to; None where it leads to none."""
    current: Any = root
    for part in path:
        field = current.model_fields.get(str(part)) if _is_model(current) else None
        current = _model_in(field.annotation) if field is not None else current
    return current if _is_model(current) else None


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _model_in(annotation: Any) -> Any:
    """Find the model inside `X | None`, `dict[str, X]` or `list[X]`."""
    if _is_model(annotation):
        return annotation
    found = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in found if model is not None), None)
