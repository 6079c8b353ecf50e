"""The `mlp` command."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from mlp import deployment_cli, notebook_cli, overview, prediction, registry, show, training
from mlp import logs as log_lines
from mlp.aws import explain
from mlp.check import check as check_model
from mlp.environment import PlatformEnvironment, embedded_for
from mlp.errors import MlpError
from mlp.training import Step

app = typer.Typer(
    help="Train, release and ask models, on AWS and on the embedded AWS.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.add_typer(deployment_cli.app)
app.add_typer(notebook_cli.app, name="notebook")

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Model = Annotated[str, typer.Argument(help="Model: a folder under models/.")]


@app.command()
def status(env: Env = "local") -> None:
    """Show where every model stands."""
    environment = PlatformEnvironment(env)
    embedded = embedded_for(env)
    where = f"embedded AWS at {embedded.url}" if embedded else f"AWS, {environment.session.region_name}"
    show.console.print(f"{env}: {where}\n")
    rows = [[s.model, s.last_run, s.newest, s.serves, s.endpoint, s.instances] for s in overview.model_statuses(environment)]
    show.table(["model", "last run", "newest version", "serves", "endpoint", "instances"], rows)


@app.command()
def train(
    model: Model,
    env: Env = "local",
    data: Annotated[Path | None, typer.Option(help="File to upload as raw data first.")] = None,
    input_data: Annotated[
        str | None,
        typer.Option(help="s3:// prefix to train on instead of all raw data; must lie under the model's raw/."),
    ] = None,
) -> None:
    """Run the model's training pipeline and follow it."""
    environment = PlatformEnvironment(env)
    if data is not None:
        show.console.print(f"uploaded {training.upload(environment, model, data)}")
    arn = training.start(environment, model, {"InputData": input_data} if input_data else None)
    show.console.print(f"run {arn.rpartition('/')[2]}")
    run = training.follow(environment, arn, _tell_step)
    show.console.print(f"version {run.version} waits for approval: mlp approve {model} {run.version}")


def _tell_step(step: Step) -> None:
    if step.status == "Executing":
        show.console.print(f"  {step.name} ...")
    else:
        show.console.print(f"  {step.name}: {step.status}, {step.seconds:.1f} s")


@app.command()
def approve(
    model: Model,
    version: Annotated[int | None, typer.Argument(help="Version. Default: the newest that was not rejected.")] = None,
    env: Env = "local",
    reason: Annotated[str, typer.Option(help="Kept in the registry.")] = "approved with mlp",
    wait: Annotated[bool, typer.Option(help="Wait until the version serves.")] = True,
    minutes: Annotated[float, typer.Option(help="Longest wait.", min=0.1)] = 60,
) -> None:
    """Approve a version, so that it is released."""
    environment = PlatformEnvironment(env)
    chosen = registry.pick(environment, model, version)
    figures = ", ".join(f"{name} {value:.4g}" for name, value in registry.metrics(environment, chosen).items())
    show.console.print(f"{model} version {chosen.number}: {figures}")
    served = model in environment.settings.served_models
    if not wait or not served:
        registry.set_approval(environment, chosen, "Approved", reason)
        show.console.print("approved" if served else f"approved; {model} is not served in {env}")
        return
    with show.step(f"Release version {chosen.number}", {}, "release") as tell:
        registry.release(environment, model, chosen, reason, minutes, tell)


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


@app.command()
def predict(
    model: Model,
    env: Env = "local",
    instances: Annotated[str | None, typer.Option("--json", help="Instance or list of instances. Default: the sample.")] = None,
) -> None:
    """Ask the model over the HTTP API."""
    environment = PlatformEnvironment(env)
    environment.require_model(model)
    asked = _instances(instances) if instances else [prediction.sample_of(environment, model)]
    show.console.print_json(data=prediction.predict(environment, model, asked))


def _instances(text: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise MlpError(f"--json is not JSON: {error} (got {text[:80]!r})") from None
    return content if isinstance(content, list) else [content]


@app.command()
def logs(
    model: Model,
    env: Env = "local",
    part: Annotated[str, typer.Option(help=", ".join(log_lines.PARTS))] = "train",
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show log lines of a pipeline step's latest job, of the endpoint or of a function."""
    for line in log_lines.lines(PlatformEnvironment(env), model, part, follow=follow):
        show.console.print(line, markup=False, soft_wrap=True)


@app.command()
def check(
    model: Model, data: Annotated[Path | None, typer.Option(help="Raw data file. Default: the model's own.")] = None
) -> None:
    """Run prepare, train, evaluate and serve on this machine, without any AWS."""
    started = time.perf_counter()
    for finding in check_model(model, data):
        show.console.print(f"[green]✓[/green] {finding.script:<12} {finding.seconds:5.1f} s  ", end="")
        show.console.print(finding.said, markup=False, style="dim")
    show.console.print(f"{model} keeps its contract ({time.perf_counter() - started:.1f} s)")


def main() -> None:
    """Run the command; errors end with a sentence and an exit code, never with a traceback."""
    try:
        app(standalone_mode=False, prog_name="mlp")
    except typer.Exit as ended:
        sys.exit(ended.exit_code)
    except typer.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        show.error("Interrupted. What AWS has begun goes on there; look with: mlp status")
        sys.exit(130)
    except MlpError as problem:
        show.error(str(problem))
        sys.exit(problem.exit_code)
    except (ClientError, BotoCoreError) as problem:
        show.error(explain(problem))
        sys.exit(1)
    except Exception as problem:
        if hasattr(problem, "format_message"):  # usage errors of the command line
            if problem.format_message():  # without a command, help has been printed already
                show.error(f"{problem.format_message()} (mlp --help lists the commands)")
            sys.exit(2)
        raise


if __name__ == "__main__":
    main()
