"""What a change of template does to notebook instances, as CloudFormation carries it out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from platform_contract.tags import NOTEBOOK_TAG

Resource = Mapping[str, Any]
Resources = Mapping[str, Resource]

NOTEBOOK = "AWS::SageMaker::NotebookInstance"
LIFECYCLE = "AWS::SageMaker::NotebookInstanceLifecycleConfig"
REPLACING = {
    NOTEBOOK: (
        *("DirectInternetAccess", "KmsKeyId", "NotebookInstanceName", "PlatformIdentifier", "SecurityGroupIds", "SubnetId"),
    ),
    LIFECYCLE: ("NotebookInstanceLifecycleConfigName",),
    "AWS::EC2::SecurityGroup": ("GroupDescription", "GroupName", "VpcId"),
}
"""Properties whose change makes CloudFormation replace a resource (createOnlyProperties of the types' schemas)."""
WITHOUT_INTERRUPTION = {"Tags"}


@dataclass(frozen=True)
class NotebookChange:
    """What happens to one notebook."""

    notebook: str
    kind: Literal["created", "changed", "replaced", "removed"]
    words: str

    @property
    def loses_disk(self) -> bool:
        """Whether its users no longer find their files where they were."""
        return self.kind in ("replaced", "removed")

    def __str__(self) -> str:
        return f"notebook {self.notebook}: {self.words}"


def notebook_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[NotebookChange]:
    """Return what becomes of each notebook when a stack's template `before` is followed by `after`."""
    old, new = before.get("Resources", {}), after.get("Resources", {})
    names = [name for name in {**old, **new} if {**old, **new}[name]["Type"] == NOTEBOOK]
    found = (_change(name, old, new) for name in names)
    return sorted((change for change in found if change is not None), key=lambda change: change.notebook)


def _change(name: str, old: Resources, new: Resources) -> NotebookChange | None:
    if name not in old:
        return NotebookChange(_notebook(name, new[name]), "created", f"CREATED as {_instance(name, new[name])}")
    notebook, instance = _notebook(name, old[name]), _instance(name, old[name])
    if name not in new:
        return NotebookChange(notebook, "removed", f"REMOVED: {_fate(instance, _kept(old[name], 'DeletionPolicy'))}")
    causes = _replacing(name, old, new)
    if causes:
        kept = _kept(old[name], "UpdateReplacePolicy") and _kept(new[name], "UpdateReplacePolicy")
        words = f"REPLACED because {_listed(causes)}: the new instance starts with an empty disk; {_fate(instance, kept)}"
        return NotebookChange(notebook, "replaced", words)
    words = "; ".join(_in_place(name, old, new))
    return NotebookChange(notebook, "changed", words) if words else None


def _fate(instance: str, kept: bool) -> str:
    if not kept:
        return f"the old one, {instance}, is DELETED with its disk"
    return (
        f"the old one, {instance}, is kept with its disk, outside of the platform, and goes on costing until you stop it, copy "
        f"what is needed, and delete it: aws sagemaker delete-notebook-instance --notebook-instance-name {instance}"
    )


def _replacing(name: str, old: Resources, new: Resources, seen: frozenset[str] = frozenset()) -> list[str]:
    """Return why CloudFormation replaces a resource; a property counts too if it refers to something that is replaced."""
    if old[name]["Type"] != new[name]["Type"]:
        return [f"its type changes to {new[name]['Type']}"]
    causes = []
    for key in REPLACING.get(new[name]["Type"], ()):
        before, after = _property(old[name], key), _property(new[name], key)
        if before != after:
            causes.append(f"{key} changes{_from_to(before, after)}")
            continue
        for other in set(_references(after)) & old.keys() & new.keys() - seen - {name}:
            inner = _replacing(other, old, new, seen | {name})
            causes += [f"{key} refers to {other}, which is replaced because {_listed(inner)}"] if inner else []
    return causes


def _in_place(name: str, old: Resources, new: Resources) -> Iterator[str]:
    """Yield what changes without a replacement."""
    before, after = old[name].get("Properties", {}), new[name].get("Properties", {})
    changed = sorted(key for key in {**before, **after} if before.get(key) != after.get(key))
    interrupting = [key for key in changed if key not in WITHOUT_INTERRUPTION]
    if interrupting:
        what = _listed([f"{key}{_from_to(before.get(key), after.get(key))}" for key in interrupting])
        yield f"updated in place ({what}): it is stopped and started, unsaved work in kernels is lost, files are kept"
    elif changed:
        yield "its tags change; nothing is interrupted"
    if _script_changes(after.get("LifecycleConfigName"), old, new):
        when = "this start" if interrupting else "its next start"
        yield f"its lifecycle script changes; that reaches the instance at {when}"


def _script_changes(lifecycle: Any, old: Resources, new: Resources) -> bool:
    for name in set(_references(lifecycle)) | _named(lifecycle, new):
        if new.get(name, {}).get("Type") == LIFECYCLE and name in old:
            return bool(old[name].get("Properties") != new[name].get("Properties"))
    return False


def _named(lifecycle: Any, resources: Resources) -> set[str]:
    """Return the lifecycle configurations that have the name `lifecycle`, where it is a plain text."""
    key = REPLACING[LIFECYCLE][0]
    return {name for name, r in resources.items() if r["Type"] == LIFECYCLE and _property(r, key) == lifecycle}


def _references(value: Any) -> Iterator[str]:
    """Yield the logical ids that a value refers to."""
    if isinstance(value, Mapping):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        target = value.get("Fn::GetAtt")
        if target:
            yield target[0] if isinstance(target, list) else str(target).partition(".")[0]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def _property(resource: Resource, key: str) -> Any:
    return resource.get("Properties", {}).get(key)


def _kept(resource: Resource, policy: str) -> bool:
    return resource.get(policy) in ("Retain", "RetainExceptOnCreate")


def _notebook(name: str, resource: Resource) -> str:
    tags = _property(resource, "Tags") or []
    return next((str(tag["Value"]) for tag in tags if tag.get("Key") == NOTEBOOK_TAG), _instance(name, resource))


def _instance(name: str, resource: Resource) -> str:
    instance = _property(resource, "NotebookInstanceName")
    return instance if isinstance(instance, str) else name


def _from_to(before: Any, after: Any) -> str:
    """Return ` from ... to ...` where both are plain values."""
    plain = all(isinstance(value, str | int) for value in (before, after))
    return f" from {before} to {after}" if plain else ""


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
