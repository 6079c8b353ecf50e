"""The commands on versions: what the gate said of one, approve it, reject it."""

from typing import Annotated

import typer

from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment
from mlp.runs import registry
from mlp.runs.record import record_of
from mlp.runs.registry import Version

app = typer.Typer()

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Model = Annotated[str, typer.Argument(help="Model: a folder under models/.")]


def show_record(environment: PlatformEnvironment, model: str, version: Version) -> None:
    """Print what the registry keeps of a version: its data, its gate check by check, its metrics."""
    record = record_of(environment, version)
    show.console.print(f"{model} version {version.number}, trained on {record.dataset}")
    for check in record.checks:
        show.console.print("  [green]✓[/green] " if check.holds else "  [red]✗[/red] ", end="")
        show.console.print(check.says, markup=False)
    figures = ", ".join(f"{name} {value:.4g}" for name, value in record.metrics.items())
    show.console.print(f"  {figures}", style="dim", markup=False)


def print_version(environment: PlatformEnvironment, model: str, number: int) -> None:
    """Print what a run has made, and what comes next: an approval, or nothing where the environment approves by policy."""
    version = registry.pick(environment, model, number)
    show_record(environment, model, version)
    if version.approval == "Approved":
        show.console.print(f"version {number} is approved by policy; see where it stands with: mlp status")
    else:
        show.console.print(f"version {number} waits for approval: mlp approve {model} {number}")


@app.command()
def approve(
    model: Model,
    version: Annotated[int | None, typer.Argument(help="Version. Default: the newest that was not rejected.")] = None,
    env: Env = "local",
    reason: Annotated[str, typer.Option(help="Kept in the registry.")] = "approved with mlp",
    wait: Annotated[bool, typer.Option(help="Wait until the version serves.")] = True,
    minutes: Annotated[float, typer.Option(help="Longest wait.", min=0.1)] = 60,
) -> None:
    """Show what the gate said of a version, and approve it, so that it is released."""
    environment = PlatformEnvironment(env)
    chosen = registry.pick(environment, model, version)
    show_record(environment, model, chosen)
    served = model in environment.settings.served_models
    if not wait or not served:
        registry.set_approval(environment, chosen, "Approved", reason)
        show.console.print("approved" if served else f"approved; {model} is not served in {env}")
        return
    with show.step(f"Release version {chosen.number}", {}, "release") as report:
        registry.release(environment, model, chosen, reason, minutes, report)


@app.command()
def reject(
    model: Model,
    version: Annotated[int, typer.Argument(help="Version.")],
    env: Env = "local",
    reason: Annotated[str, typer.Option(help="Kept in the registry.")] = "rejected with mlp",
) -> None:
    """Reject a version; one that serves goes on serving until another is approved."""
    environment = PlatformEnvironment(env)
    chosen = registry.pick(environment, model, version)
    registry.set_approval(environment, chosen, "Rejected", reason)
    still = registry.served(environment, model) == chosen.number
    show.console.print(
        "rejected" + (f"; it still serves, approve another version to replace it: mlp approve {model}" if still else "")
    )
