"""The `mlp runs` commands."""

from typing import Annotated

import typer

from mlp.cli.versions import print_version
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment
from mlp.runs import runs, training
from mlp.runs.training import Step

app = typer.Typer(help="See, stop and try again the runs of a model's pipeline.", no_args_is_help=True)

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Model = Annotated[str, typer.Argument(help="Model: a folder under models/.")]
REASON_LENGTH = 100


@app.command("list")
def list_all(
    model: Model, env: Env = "local", limit: Annotated[int, typer.Option(help="How many, at most.", min=1, max=1000)] = 20
) -> None:
    """Show a model's runs, the newest first: status, start, the version of the dataset, and why one failed."""
    found = runs.runs(PlatformEnvironment(env), model, limit)
    rows = [[run.run, run.status, f"{run.started:%Y-%m-%d %H:%M:%S}", run.dataset, _short(run.reason)] for run in found]
    show.table(["run", "status", "started", "dataset", "reason"], rows)


def _short(text: str) -> str:
    return text if len(text) <= REASON_LENGTH else f"{text[: REASON_LENGTH - 3]}..."


@app.command()
def stop(
    model: Model,
    run: Annotated[str | None, typer.Argument(help="Run, or the beginning of its id. Default: the one under way.")] = None,
    env: Env = "local",
) -> None:
    """Stop a run; nothing is registered."""
    stopped = runs.stop(PlatformEnvironment(env), model, run)
    show.console.print(f"run {stopped.run}, on {stopped.dataset}, is being stopped")


@app.command()
def retry(
    model: Model,
    run: Annotated[str | None, typer.Argument(help="Run, or the beginning of its id. Default: the newest.")] = None,
    env: Env = "local",
) -> None:
    """Go on with a run that failed or was stopped, from the step that failed, on the same data, and follow it."""
    environment = PlatformEnvironment(env)
    begun = runs.retry(environment, model, run)
    show.console.print(f"run {begun.run}, on {begun.dataset}")
    done = training.follow(environment, begun.arn, print_step)
    print_version(environment, model, done.version)


def print_step(step: Step) -> None:
    """Print that a step has begun, or how it has ended."""
    if step.status == "Executing":
        show.console.print(f"  {step.name} ...")
    else:
        show.console.print(f"  {step.name}: {step.status}, {step.seconds:.1f} s")
