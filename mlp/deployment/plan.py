"""What deploying a configuration would do: resources per stack in figures, notebooks in words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mlp.deployment.plan_notebooks import NOTEBOOK, NotebookChange, notebook_changes
from mlp.platform.aws import code_of, message_of
from mlp.platform.environment import PlatformEnvironment
from mlp.platform.errors import MlpError

Template = dict[str, Any]


@dataclass(frozen=True)
class StackChange:
    """Numbers of resources that a stack gains, changes and loses."""

    stack: str
    deployed: bool
    """Whether there is such a stack today."""
    added: int
    changed: int
    removed: int

    def __str__(self) -> str:
        if not self.added + self.changed + self.removed:
            return "unchanged"
        figures = f"{self.added} added, {self.changed} changed, {self.removed} removed"
        return figures if self.deployed else f"new, {figures}"


@dataclass(frozen=True)
class Plan:
    """What would happen."""

    stacks: list[StackChange]
    notebooks: list[NotebookChange]
    left_behind: list[str]
    """Instances of a deployed Notebooks stack that the configuration no longer has; the CDK deletes no stack by itself."""

    def refused(self, allowed: Sequence[str]) -> list[NotebookChange]:
        """Changes after which somebody's files are elsewhere, without those of the notebooks that are `allowed`."""
        return [change for change in self.notebooks if change.loses_disk and change.notebook not in allowed]


def require_account(environment: PlatformEnvironment) -> None:
    """Raise MlpError if AWS would be asked in another account than the one that is deployed to."""
    asked, pinned = environment.client("sts").get_caller_identity()["Account"], environment.settings.platform.account
    if pinned not in (None, asked):
        raise MlpError(
            f"The credentials are of account {asked}, but {environment.name} is deployed to {pinned}; "
            "use a profile of that account"
        )


def plan(environment: PlatformEnvironment, assembly: Path) -> Plan:
    """Compare the templates of a synthesized assembly with those that are deployed."""
    client, notebook_stack = environment.client("cloudformation"), environment.stack_name("Notebooks")
    wanted = templates(assembly)
    stacks, notebooks, left_behind = [], list[NotebookChange](), list[str]()
    for name, template in wanted.items():
        before = deployed_template(client, name)
        stacks.append(_figures(name, before, template))
        notebooks += notebook_changes(before or {}, template)
    if notebook_stack not in wanted:
        left_behind = _instances(deployed_template(client, notebook_stack) or {})
    return Plan(stacks, notebooks, left_behind)


def check(found: Plan, allowed: Sequence[str], how_to_allow: str) -> None:
    """Raise MlpError if a notebook that is not `allowed` would lose sight of its files."""
    refused = found.refused(allowed)
    if refused:
        names = " ".join(change.notebook for change in refused)
        lines = "\n".join(f"  {change}" for change in refused)
        raise MlpError(
            f"Not deployed, because files of notebooks would be left behind:\n{lines}\n{how_to_allow.format(names=names)}"
        )


def templates(assembly: Path) -> dict[str, Template]:
    """Return the templates of an assembly by stack name."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    return {
        artifact["properties"].get("stackName", name): json.loads((assembly / artifact["properties"]["templateFile"]).read_text())
        for name, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def deployed_template(client: Any, stack: str) -> Template | None:
    """Return a stack's template as it was deployed; None where there is no such stack."""
    try:
        body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
            return None
        raise
    content: Template = json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))
    return content


def _figures(stack: str, before: Template | None, after: Template) -> StackChange:
    old, new = (before or {}).get("Resources", {}), after.get("Resources", {})
    changed = sum(old[name] != new[name] for name in old.keys() & new.keys())
    return StackChange(stack, before is not None, len(new.keys() - old.keys()), changed, len(old.keys() - new.keys()))


def _instances(template: Template) -> list[str]:
    resources = template.get("Resources", {}).values()
    return [str(r["Properties"].get("NotebookInstanceName", "?")) for r in resources if r["Type"] == NOTEBOOK]
