"""Step caching: a step whose decisive arguments are those of an earlier, successful run takes that run's result.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-caching.html and its pages "Turn on step caching" and
"Default cache key attributes by pipeline step type".
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import regex

from local_aws import clock
from local_aws.sagemaker.store import Record, now

KEY_ATTRIBUTES = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
}
"""Per step type: the arguments that, if changed, make the step run again. Where results are written is not among them."""
_DURATION = regex.compile(
    r"P?(?:(?P<Y>\d+)Y)?(?:(?P<M>\d+)M)?(?:(?P<W>\d+)W)?(?:(?P<D>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?)?", regex.IGNORECASE
)
_SECONDS = {"Y": 365 * 86400, "M": 30 * 86400, "W": 7 * 86400, "D": 86400, "h": 3600, "m": 60}


def seconds(duration: str) -> int | None:
    """Return how long an ISO 8601 duration is, in seconds; None where AWS does not accept it.

    Years (of 365 days), months (of 30), weeks, days, hours and minutes; letters of either case, the leading P optional:
    "30d", "P4DT12H", "T16m".
    """
    match = _DURATION.fullmatch(duration)
    given = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
    total = sum(_SECONDS[unit] * number for unit, number in given.items())
    return total if given and total > 0 and not duration.upper().endswith("T") else None


def problems(config: Any) -> Iterator[str]:
    """Yield a sentence for everything that is wrong with a step's CacheConfig."""
    if not isinstance(config, dict) or not isinstance(config.get("Enabled"), bool):
        yield "CacheConfig must be an object with Enabled, true or false"
        return
    for key in sorted(set(config) - {"Enabled", "ExpireAfter"}):
        yield f"CacheConfig has the unknown property {key!r}; known are Enabled, ExpireAfter"
    expire = config.get("ExpireAfter")
    if expire is None:
        if config["Enabled"]:
            yield "CacheConfig needs ExpireAfter: how old a run may be to be used again, such as P30D"
    elif not isinstance(expire, str) or seconds(expire) is None:
        yield (
            f"ExpireAfter {expire!r} is not an ISO 8601 duration of years, months, weeks, days, hours or minutes; "
            "write P30D, T16M or P4DT12H"
        )


def key_of(step_type: str, arguments: Record) -> str | None:
    """Return what decides whether two runs of a step are the same; None for types that are never cached."""
    attributes = KEY_ATTRIBUTES.get(step_type)
    if attributes is None:
        return None
    return json.dumps({name: arguments.get(name) for name in attributes}, sort_keys=True)


def find(executions: Iterable[Record], step: Record, key: str | None) -> tuple[str, Record] | None:
    """Return the ARN of the execution and the entry of the newest run that `step` may take over, or None.

    `executions` are those of the step's own pipeline. A run counts that itself succeeded, whatever became of its execution,
    and is younger than ExpireAfter, on the embedded clock. What was only taken over does not begin to count anew.
    """
    config = step.get("CacheConfig", {})
    if key is None or not config.get("Enabled"):
        return None
    limit = seconds(config["ExpireAfter"]) or 0
    found = [
        (execution["PipelineExecutionArn"], entry)
        for execution in executions
        for entry in list(execution["steps"])
        if entry["StepName"] == step["Name"]
        and entry["StepStatus"] == "Succeeded"
        and entry.get("cache_key") == key
        and "CacheHitResult" not in entry
        and _age(entry["EndTime"]) < limit
    ]
    return max(found, key=lambda item: item[1]["EndTime"], default=None)


def _age(moment: datetime) -> float:
    """Return how old `moment` is in seconds of platform time."""
    return (now() - moment).total_seconds() * clock.FACTOR
