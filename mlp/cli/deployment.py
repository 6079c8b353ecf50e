"""The commands that bring a platform up, and say beforehand what that would change."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from mlp.demo import main as demonstration
from mlp.deployment import local
from mlp.deployment import plan as planning
from mlp.deployment.deploy import deploy_locally, synthesize
from mlp.deployment.plan import Plan
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment

app = typer.Typer()

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Port = Annotated[int, typer.Option(help="Port of the embedded AWS on 127.0.0.1.", min=1024, max=65535)]
Allow = Annotated[
    list[str] | None, typer.Option("--allow-replacement", help="Notebook that may be replaced or removed; can be repeated.")
]
HOW_TO_ALLOW = 'If that is meant: make deploy ENV={env} ALLOW_REPLACEMENT="{{names}}"'


@app.command()
def up(env: Env = "local", port: Port = local.DEFAULT_PORT, allow: Allow = None) -> None:
    """Start the embedded AWS and deploy the environment to it."""
    deploy_locally(env, port, {}, allow_replacement=allow or [])
    show.console.print("The platform is up. Stop it with: make down")


@app.command()
def down() -> None:
    """Stop the embedded AWS and every process that it started."""
    show.console.print("Stopped." if local.stop() else "Nothing was running.")


@app.command()
def demo(
    port: Port = local.DEFAULT_PORT,
    retrain: Annotated[bool, typer.Option(help="Train and release a new version even if nothing changed.")] = False,
    models: Annotated[str, typer.Option(help="Models, separated by spaces or commas; all: every model.")] = demonstration.MODEL,
) -> None:
    """Run the main job on the embedded AWS: deploy, train, release, predict."""
    demonstration.run(port, retrain=retrain, models=models.replace(",", " ").split() or [demonstration.MODEL])


@app.command()
def plan(
    env: Env = "local",
    check: Annotated[bool, typer.Option("--check", help="End with exit code 2 if a notebook is replaced or removed.")] = False,
    allow: Allow = None,
    output: Annotated[Path | None, typer.Option(help="Keep what was synthesized, for cdk deploy --app FOLDER.")] = None,
) -> None:
    """Say what deploying the environment would do: how many resources change, and what becomes of each notebook."""
    environment = PlatformEnvironment(env)
    planning.require_account(environment)
    with tempfile.TemporaryDirectory(prefix="plan-") as temporary:
        assembly = output or Path(temporary)
        with show.step(f"Synthesize config/{env}.yaml", {}, "synth"):
            synthesize(environment, assembly)
        found = planning.plan(environment, assembly)
    _show(found, env)
    if check:
        planning.check(found, allow or [], HOW_TO_ALLOW.format(env=env))


def _show(found: Plan, env: str) -> None:
    show.pairs([(stack.stack, str(stack)) for stack in found.stacks])
    for change in found.notebooks:
        show.console.print(f"  {change}", markup=False)
    if found.left_behind:
        show.console.print(
            f"\nThe configuration has no notebooks, but the Notebooks stack is deployed with {', '.join(found.left_behind)}. "
            f"Deploying leaves it as it is, and running instances go on costing; delete the stack by hand: {env}'s instances "
            "are kept with their disks, delete them one by one"
        )
