"""The graph of a definition's steps: who waits for whom, also through the branches of conditions."""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local_aws.sagemaker.pipelines.expressions import references

Step = dict[str, Any]
BRANCHES = {"True": "IfSteps", "False": "ElseSteps"}
"""Per outcome of a Condition step: the argument that holds the steps which then run."""


@dataclass(frozen=True)
class Node:
    """One step."""

    step: Step
    needs: frozenset[str]
    """Steps that must have succeeded before: those it refers to, its DependsOn, and the condition whose branch it is in."""
    outcome: str | None
    """Outcome (True, False) of its condition with which it runs; None outside of branches."""
    condition: str | None
    """Condition step whose branch it is in; None outside of branches."""


def flatten(steps: list[Step]) -> Iterator[Step]:
    """Yield all steps, those in branches after their condition."""
    for step, _, _ in _placed(steps):
        yield step


def own_part(step: Step) -> Step:
    """Return a step without the steps in its branches."""
    if step.get("Type") != "Condition":
        return step
    arguments = {key: value for key, value in step.get("Arguments", {}).items() if key not in BRANCHES.values()}
    return {**step, "Arguments": arguments}


def graph(steps: list[Step]) -> dict[str, Node]:
    """Return every step by name, in the definition's order; the names must differ."""
    nodes: dict[str, Node] = {}
    for step, condition, outcome in _placed(steps):
        own = own_part(step)
        needed = {part[1] for part in (ref.split(".") for ref in references(own)) if part[0] == "Steps" and len(part) > 1}
        waits = step.get("DependsOn", [])
        needed |= {name for name in waits if isinstance(name, str)} if isinstance(waits, list) else set()
        needed |= {condition} if condition else set()
        nodes[step["Name"]] = Node(step, frozenset(needed), outcome, condition)
    return nodes


def cycle(nodes: dict[str, Node]) -> list[str] | None:
    """Return the names of steps that wait for each other, first and last the same; None where there are none."""
    try:
        _sorter(nodes).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return None


def ordered(steps: list[Step], nodes: dict[str, Node]) -> list[Step]:
    """Return the outermost steps so that each comes after those it needs; the definition's own order where that is free."""
    top = {step["Name"] for step in steps}
    return [nodes[name].step for name in _sorter(nodes).static_order() if name in top]


def _sorter(nodes: dict[str, Node]) -> "TopologicalSorter[str]":
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, node in nodes.items():
        sorter.add(name, *sorted(node.needs & set(nodes)))
    return sorter


def _placed(
    steps: list[Step], condition: str | None = None, outcome: str | None = None
) -> Iterator[tuple[Step, str | None, str | None]]:
    for step in steps:
        yield step, condition, outcome
        if step.get("Type") == "Condition":
            for result, branch in BRANCHES.items():
                yield from _placed(step.get("Arguments", {}).get(branch) or [], step.get("Name"), result)
