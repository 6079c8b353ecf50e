"""What a pipeline's steps say about each other, checked before anything is synthesized."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ml_platform.training.pipeline.expressions import references
from ml_platform.training.pipeline.step import Step
from ml_platform.training.pipeline.steps import ConditionStep, FailStep

EXECUTION = frozenset(
    {"PipelineExecutionId", "PipelineExecutionArn", "PipelineName", "PipelineArn", "StartDateTime", "CurrentDateTime"}
)
"""Facts of an execution.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html
"""


@dataclass(frozen=True)
class _Place:
    """A step and where it stands."""

    step: Step
    condition: str | None = None
    """Condition step whose branch it is in; None outside of branches."""
    branch: str | None = None

    def sees(self, other: "_Place") -> bool:
        """Return whether `other` is sure to have run, or can be waited for, when this step's turn comes."""
        return other.condition is None or (other.condition, other.branch) == (self.condition, self.branch)


def problems(steps: Sequence[Step], parameters: Set[str]) -> list[str]:
    """Return what AWS would refuse, or what could not run, each with the name of the step that has it."""
    places = list(_flatten(steps))
    found = [*_of_names([place.step.name for place in places])]
    if not steps:
        found.append("there must be at least one step")
    by_name = {place.step.name: place for place in places}
    for place in places:
        own = [*place.step.problems(), *_of_references(place, by_name, parameters), *_of_dependencies(place, by_name)]
        found += [f"step {place.step.name!r}: {problem}" for problem in own]
    return [*found, *_cycle(by_name)]


def _flatten(steps: Sequence[Step]) -> Iterator[_Place]:
    for step in steps:
        yield _Place(step)
        if isinstance(step, ConditionStep):
            for branch, inner in step.branches.items():
                yield from (_Place(held, step.name, branch) for held in inner)


def _of_names(names: Sequence[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"step {name!r}: {names.count(name)} steps have this name; names must differ"


def _of_references(place: _Place, by_name: dict[str, _Place], parameters: Set[str]) -> Iterator[str]:
    for reference in dict.fromkeys(references(place.step.render_own())):
        root, _, rest = reference.partition(".")
        if root == "Steps":
            name, _, path = rest.partition(".")
            yield from _of_target(place, name, f"refers to {reference!r}", by_name)
            target = by_name.get(name)
            if target is not None and target is not place and (reason := target.step.missing_property(path)) is not None:
                yield f"refers to {reference!r}, but {reason}"
        else:
            known = {"Parameters": parameters, "Execution": EXECUTION}.get(root, frozenset())
            if rest not in known:
                yield f"refers to {reference!r}, but {_listed(root.lower(), known)}"


def _of_dependencies(place: _Place, by_name: dict[str, _Place]) -> Iterator[str]:
    for name in place.step.depends_on:
        yield from _of_target(place, name, f"depends on {name!r}", by_name)
        if name in by_name and isinstance(by_name[name].step, ConditionStep | FailStep):
            yield f"depends on {name!r}, but nothing can wait for a {by_name[name].step.kind} step; name one that runs something"


def _of_target(place: _Place, name: str, what: str, by_name: dict[str, _Place]) -> Iterator[str]:
    target = by_name.get(name)
    if target is None or name == place.step.name:
        yield f"{what}, but {_listed('steps', by_name.keys() - {place.step.name})}"
    elif not place.sees(target):
        where = f"{target.branch} of {target.condition!r}"
        yield f"{what}, which is in {where} and may not run; only steps of that branch may use it"


def _listed(what: str, names: Set[str]) -> str:
    return f"{what} here are: {', '.join(sorted(names)) or 'none'}"


def _cycle(by_name: dict[str, _Place]) -> Iterator[str]:
    """Yield the first cycle; a step waits for what it reads, what it depends on, and the condition whose branch it is in."""
    needs = {name: {*_needed(place)} & by_name.keys() - {name} for name, place in by_name.items()}
    try:
        TopologicalSorter({name: sorted(others) for name, others in needs.items()}).prepare()
    except CycleError as error:
        cycle = [str(name) for name in reversed(error.args[1])]
        yield f"step {cycle[0]!r}: it waits for itself: {' -> '.join(cycle)}"


def _needed(place: _Place) -> Iterator[str]:
    for reference in references(place.step.render_own()):
        root, _, rest = reference.partition(".")
        if root == "Steps":
            yield rest.partition(".")[0]
    yield from place.step.depends_on
    if place.condition is not None:
        yield place.condition
