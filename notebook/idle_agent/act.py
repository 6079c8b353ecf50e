"""What follows from a verdict: log line, metrics, the warning inside Jupyter, the stop. No failure stops the rest."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from idle_agent.aws import Instance, within
from idle_agent.decide import blind
from idle_agent.observe import terminals


def act(line: dict[str, Any], seen: dict[str, Any], config: dict[str, Any], warned: bool) -> list[str]:
    """Do all that the verdict asks for; return what failed, in words."""
    problems, todo = [], [lambda: tell(line, config, blind(seen))]
    if line["verdict"] == "warned" and not warned:
        todo.append(lambda: write_to_terminals(line, seen))
    if line["verdict"] == "stopping":
        # Tried again at each check until it works.
        todo.append(lambda: Instance(config).stop())
    for work in todo:
        try:
            within(9, work)
        except Exception as problem:  # the rest is done all the same
            problems.append(repr(problem))
    return problems


def tell(line: dict[str, Any], config: dict[str, Any], unseen: bool = False) -> None:
    """Publish the metrics, and put the line into CloudWatch Logs; make the stream where it is missing."""
    instance = Instance(config)
    try:
        # Kept is not idle for the watchdog, which knows nothing of keep-alive.txt; nor is what nobody can see.
        idle = 0 if line["verdict"] in ("kept", "unknown") else line["idle_minutes"]
        measure(instance, config, {"Heartbeat": 1, "IdleMinutes": idle, "Blind": int(unseen)})
    finally:
        place = {"logGroupName": config["log_group"], "logStreamName": instance.name}
        event = {**place, "logEvents": [{"timestamp": int(time.time() * 1000), "message": json.dumps(line)}]}
        try:
            instance.call("logs", "PutLogEvents", event)
        except OSError:
            instance.call("logs", "CreateLogStream", place)
            instance.call("logs", "PutLogEvents", event)


def measure(instance: Instance, config: dict[str, Any], metrics: dict[str, float]) -> None:
    """Publish values."""
    place = [{"Name": "NotebookInstanceName", "Value": instance.name}]
    data = [{"MetricName": metric, "Dimensions": place, "Value": value} for metric, value in metrics.items()]
    instance.call("monitoring", "PutMetricData", {"Namespace": config["namespace"], "MetricData": data})


def write_to_terminals(line: dict[str, Any], seen: dict[str, Any]) -> None:
    """Write the warning into every open terminal."""
    for device in terminals(seen):
        with suppress(OSError), open(device, "w") as screen:
            screen.write(f"\r\n*** This notebook is {line['reason']}. Press a key to keep it. ***\r\n")


def write(path: Path, content: Any) -> None:
    """Write a JSON file whole or not at all."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(content))
    os.replace(beside, path)
