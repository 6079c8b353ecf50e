"""Parameters of a pipeline: four types, defaults, allowed values; and the values of one execution.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-parameters.html
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import regex

from local_aws.errors import ServiceError

NAME = regex.compile(r"[A-Za-z0-9\-_]{1,256}")
KEYS = {"Name", "Type", "DefaultValue", "Description", "EnumValues"}
TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}
LIMIT = 200
"""Most parameters of one pipeline (StartPipelineExecution takes no more)."""


def problems(parameters: list[Any]) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with a definition's Parameters."""
    if len(parameters) > LIMIT:
        yield f"there are {len(parameters)} parameters; at most {LIMIT} are allowed"
    names = [parameter.get("Name") for parameter in parameters if isinstance(parameter, dict)]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"parameter name {name!r} is used {names.count(name)} times"
    for parameter in parameters:
        if not isinstance(parameter, dict):
            yield f"parameter {parameter!r} is not an object"
        else:
            yield from (f"parameter {parameter.get('Name')!r} {problem}" for problem in _of_one(parameter))


def _of_one(parameter: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(set(parameter) - KEYS):
        yield f"has the unknown property {key!r}; known are {', '.join(sorted(KEYS))}"
    if not NAME.fullmatch(str(parameter.get("Name", ""))):
        yield "must have a name of 1 to 256 letters, digits, - or _"
    kind = parameter.get("Type")
    if not isinstance(kind, str) or kind not in TYPES:
        yield f"has type {kind!r}, not {', '.join(TYPES)}"
        return
    default, allowed = parameter.get("DefaultValue"), parameter.get("EnumValues")
    if default is not None and not _fits(kind, default):
        yield f"has the default {default!r}, which is not of type {kind}"
    if allowed is None:
        return
    if kind != "String" or not isinstance(allowed, list) or not allowed or not all(isinstance(value, str) for value in allowed):
        yield "may have EnumValues only as a list of at least one string, with type String"
    elif default is not None and default not in allowed:
        yield f"has the default {default!r}, which is none of its EnumValues {', '.join(allowed)}"


def _fits(kind: str, value: Any) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "Boolean" or not isinstance(value, bool))


def values(declared: Mapping[str, Mapping[str, Any]], given: list[Mapping[str, str]]) -> dict[str, Any]:
    """Return an execution's parameters: what is given, else the defaults, each of its declared type.

    Raises
    ------
    ServiceError
        If one is unknown, given twice, of another type, not among its EnumValues, or has neither value nor default.
    """
    names = [item["Name"] for item in given]
    unknown = sorted(set(names) - set(declared))
    if unknown:
        known = ", ".join(declared) or "none"
        raise _refused(f"Parameters {', '.join(unknown)} are not defined; defined are: {known}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused(f"Parameters {', '.join(twice)} are given more than once")
    found = {name: parameter.get("DefaultValue") for name, parameter in declared.items()}
    found |= {item["Name"]: _converted(declared[item["Name"]], item["Value"]) for item in given}
    missing = sorted(name for name, value in found.items() if value is None)
    if missing:
        raise _refused(f"Parameters {', '.join(missing)} have no default and were not given")
    return found


def _converted(parameter: Mapping[str, Any], text: str) -> Any:
    kind, allowed = parameter["Type"], parameter.get("EnumValues")
    if allowed is not None and text not in allowed:
        raise _refused(f"Parameter {parameter['Name']} must be one of {', '.join(allowed)}, not {text!r}")
    if kind == "String":
        return text
    value = _READ[kind](text)
    if value is None:
        raise _refused(f"Parameter {parameter['Name']} must be of type {kind}, not {text!r}")
    return value


def _integer(text: str) -> int | None:
    return int(text) if regex.fullmatch(r"[+-]?[0-9]+", text) else None


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


_READ = {"Integer": _integer, "Float": _float, "Boolean": _boolean}


def as_text(value: Any) -> str:
    """Return a value as ListPipelineParametersForExecution shows it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refused(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
