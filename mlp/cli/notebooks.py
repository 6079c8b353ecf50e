"""The `mlp notebook` commands."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from mlp.notebooks import instances as notebooks
from mlp.notebooks.state import Check, NotebookState, state, this_month
from mlp.platform import show
from mlp.platform.environment import PlatformEnvironment

app = typer.Typer(help="See, start, stop and open the platform's notebooks.", no_args_is_help=True)

Env = Annotated[str, typer.Option("--env", envvar="MLP_ENV", help="Environment: a file under config/.")]
Name = Annotated[str, typer.Argument(help="Notebook: a name under `notebooks:` in the environment's file.")]
TIME = "%Y-%m-%d %H:%M UTC"


@app.command("list")
def list_all(env: Env = "local") -> None:
    """Show every notebook: state, type, since when, how long idle, and what its sleep has saved this month."""
    environment = PlatformEnvironment(env)
    rows = []
    for notebook in notebooks.notebooks(environment):
        found = state(environment, notebook)
        off, saved = (this_month(environment, notebook, metric) for metric in ("HoursOff", "MoneySaved"))
        up = found.status == "InService"
        rows.append(
            [
                notebook.name,
                found.status,
                found.instance_type,
                _time(found.since) if up else "-",
                f"{found.check.idle_minutes:.0f} min" if up and found.check else "-",
                "-" if off is None else f"{off:.1f}",
                "-" if saved is None else f"{saved:.2f} {environment.settings.watchdog.currency}",
            ]
        )
    show.table(["notebook", "status", "type", "up since", "idle", "hours off", "saved this month"], rows)


@app.command()
def status(name: Name, env: Env = "local") -> None:
    """Show why a notebook is or is not idle, when it stops, and whether a newer lifecycle script waits for its next start."""
    environment = PlatformEnvironment(env)
    found = state(environment, notebooks.pick(environment, name))
    show.pairs(
        [("notebook", f"{found.notebook.name} ({found.notebook.instance})"), *_rows(found, environment.embedded is not None)]
    )
    if found.outdated:
        show.console.print(
            "\nA newer lifecycle script is deployed; it reaches the instance at its next start: "
            f"mlp notebook stop {found.notebook.name} && mlp notebook start {found.notebook.name}"
        )


def _rows(found: NotebookState, embedded: bool) -> list[tuple[str, str]]:
    rows = [("status", f"{found.status} since {_time(found.since)}, {found.instance_type}")]
    if found.failure:
        rows.append(("failure", found.failure))
    if found.keep_alive:
        rows.append(("kept until", found.keep_alive))
    check = found.check
    if check is None:
        return [*rows, ("idle agent", "has said nothing yet")]
    rows += [
        ("verdict", f"{check.verdict}: {check.reason}"),
        ("said", f"{_ago(check.age.total_seconds())}, at {_time(check.at)}"),
    ]
    if found.status == "InService":
        left = check.stops_in_minutes
        rows += [
            ("idle since", _moment(check, -check.idle_minutes, embedded)),
            ("stops at", "not for being idle" if left is None else _moment(check, left, embedded)),
        ]
    declared = found.notebook.lifecycle or "unknown"
    return [*rows, ("lifecycle", f"{declared} is deployed, {check.lifecycle or 'unknown'} was started last")]


@app.command()
def start(name: Name, env: Env = "local") -> None:
    """Start a notebook and wait until it can be opened."""
    environment = PlatformEnvironment(env)
    notebook = notebooks.pick(environment, name)
    with show.step(f"Start {notebook.name}", {}, "start") as report:
        notebooks.start(environment, notebook, report)
    show.console.print(f"Open it with: mlp notebook open {notebook.name}")


@app.command()
def stop(name: Name, env: Env = "local") -> None:
    """Stop a notebook; what lies in its SageMaker folder is kept."""
    environment = PlatformEnvironment(env)
    notebook = notebooks.pick(environment, name)
    with show.step(f"Stop {notebook.name}", {}, "stop") as report:
        notebooks.stop(environment, notebook, report)


@app.command("open")
def open_url(name: Name, env: Env = "local") -> None:
    """Print a URL that opens the notebook; it holds for five minutes, for whoever has it."""
    environment = PlatformEnvironment(env)
    show.console.print(notebooks.url(environment, notebooks.pick(environment, name)), markup=False, soft_wrap=True)


@app.command()
def keep(
    name: Name,
    env: Env = "local",
    hours: Annotated[float, typer.Option(help="Hours from now.")] = 8,
) -> None:
    """Keep the watchdog (nightly stop, longest uptime) from stopping a notebook until then."""
    environment = PlatformEnvironment(env)
    notebook = notebooks.pick(environment, name)
    until = notebooks.keep(environment, notebook, hours)
    show.console.print(f"The watchdog leaves {notebook.name} alone until {until}.")
    show.console.print(
        "Its own idle agent goes by the file keep-alive.txt in the notebook, which the button in its warning writes."
    )


def _moment(check: Check, minutes: float, embedded: bool) -> str:
    """Return the time so many minutes after a check; where platform time passes faster than real time, the minutes alone."""
    if embedded:
        return f"{abs(minutes):.1f} minutes of platform time {'after' if minutes > 0 else 'before'} that"
    return _time(check.at + timedelta(minutes=minutes))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(TIME)


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{max(seconds, 0):.0f} seconds ago"
    return f"{seconds / 60:.0f} minutes ago" if seconds < 7200 else f"{seconds / 3600:.0f} hours ago"
