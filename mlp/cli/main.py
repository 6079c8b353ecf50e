"""The `mlp` command."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from mlp import datasets
from mlp.cli import data as dataset_cli
from mlp.cli import deployment as deployment_cli
from mlp.cli import models as model_cli
from mlp.cli import notebooks as notebook_cli
from mlp.cli import runs as runs_cli
from mlp.cli import versions as registry_cli
from mlp.cli.runs import print_step
from mlp.cli.versions import print_version
from mlp.deployment import images
from mlp.platform import show
from mlp.platform.aws import explain
from mlp.platform.environment import PlatformEnvironment, embedded_for
from mlp.platform.errors import MlpError
from mlp.runs import logs as log_lines
from mlp.runs import overview, prediction, training
from platform_contract.parameters import COMPARE_WITH, INPUT_DATA

app = typer.Typer(
    help="Train, release and ask models, on AWS and on the embedded AWS.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.add_typer(deployment_cli.app)
app.add_typer(model_cli.app)
app.add_typer(registry_cli.app)
app.add_typer(dataset_cli.app, name="data")
app.add_typer(runs_cli.app, name="runs")
app.add_typer(notebook_cli.app, name="notebook")

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Model = Annotated[str, typer.Argument(help="Model: a folder under models/.")]


class CompareWith(StrEnum):
    """What the gate compares a new version with."""

    DEPLOYED = "deployed"
    NONE = "none"


@app.command()
def status(env: Env = "local") -> None:
    """Show where every model stands."""
    environment = PlatformEnvironment(env)
    embedded = embedded_for(env)
    where = f"embedded AWS at {embedded.url}" if embedded else f"AWS, {environment.session.region_name}"
    show.console.print(f"{env}: {where}")
    for text in images.likeness(images.used_by(environment.settings)) if embedded else []:
        show.console.print(text, markup=False, style="yellow")
    show.console.print()
    rows = [[s.model, s.last_run, s.newest, s.serves, s.endpoint, s.instances] for s in overview.model_statuses(environment)]
    show.table(["model", "last run", "newest version", "serves", "endpoint", "instances"], rows)


@app.command()
def train(
    model: Model,
    env: Env = "local",
    data: Annotated[
        list[Path] | None, typer.Option(help="File or folder to put as a version of the model's dataset first; can be repeated.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Version to train on, such as spam@2. Default: the newest.")] = None,
    input_data: Annotated[
        str | None,
        typer.Option(help="s3:// prefix to train on instead of a version; must lie under the raw/ of the model's dataset."),
    ] = None,
    compare_with: Annotated[
        CompareWith, typer.Option(help="`deployed`: the gate compares with the version that serves; `none`: it does not.")
    ] = CompareWith.DEPLOYED,
) -> None:
    """Run the model's training pipeline and follow it."""
    environment = PlatformEnvironment(env)
    if sum(given is not None for given in (data or None, dataset, input_data)) > 1:
        raise MlpError("Give only one of --data, --dataset and --input-data: each says what to train on")
    if data:
        dataset = _put(environment, model, data)
    parameters = {COMPARE_WITH: compare_with.value, **({INPUT_DATA: input_data} if input_data else {})}
    arn = training.start(environment, model, parameters, dataset=dataset)
    show.console.print(f"run {arn.rpartition('/')[2]}")
    run = training.follow(environment, arn, print_step)
    print_version(environment, model, run.version)


def _put(environment: PlatformEnvironment, model: str, data: list[Path]) -> str:
    environment.require_model(model)
    put = datasets.put(environment, environment.dataset_of(model), data)
    show.console.print(f"{'put' if put.created else 'unchanged:'} {put.version.name}")
    return put.version.name


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
